"""From a model's spec to the scikit-learn pipeline that is fitted, judged and served."""
