"""The plainest peer: pandas and scikit-learn, one file, one process, point metrics only.

It reads the same raw Parquet, fits the same pipeline with the same hyper-parameters on as many rows, chooses the
threshold as the spec does (largest F1 on the validation part) and prints the same metrics. No contract check, no
intervals, no slices, no champion, no artifact, no report. Nothing in it is made slow on purpose.

    python benchmarks/plain_script.py raw.parquet
"""

import sys

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

LABEL, ID = "Churn", "customerID"
NUMBERS = ["tenure", "MonthlyCharges", "TotalCharges"]
REQUIRED_PRECISION = 0.5

frame = pd.read_parquet(sys.argv[1])
y = (frame.pop(LABEL) == "Yes").to_numpy()
X = frame.drop(columns=ID)
X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
X_train, X_validation, y_train, y_validation = train_test_split(
    X_rest, y_rest, test_size=0.15 / 0.8, stratify=y_rest, random_state=0
)

levels = [name for name in X.columns if name not in NUMBERS]
model = make_pipeline(
    ColumnTransformer(
        [
            ("one_hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False), levels),
            ("as_is", "passthrough", NUMBERS),
        ]
    ),
    HistGradientBoostingClassifier(
        learning_rate=0.03,
        max_iter=400,
        max_leaf_nodes=4,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=0.3,
        early_stopping=False,
        random_state=0,
    ),
)
model.fit(X_train, y_train)

precision, recall, thresholds = precision_recall_curve(y_validation, model.predict_proba(X_validation)[:, 1])
f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
threshold = thresholds[np.argmax(f1[:-1])]

scores = model.predict_proba(X_test)[:, 1]
called = scores >= threshold
precision, recall, _ = precision_recall_curve(y_test, scores)
for name, value in {
    "roc_auc": roc_auc_score(y_test, scores),
    "pr_auc": average_precision_score(y_test, scores),
    "accuracy": accuracy_score(y_test, called),
    "precision": precision_score(y_test, called),
    "recall": recall_score(y_test, called),
    "f1": f1_score(y_test, called),
    "recall_at_precision": recall[precision >= REQUIRED_PRECISION].max(),
    "log_loss": log_loss(y_test, scores),
    "brier": brier_score_loss(y_test, scores),
}.items():
    print(f"{name}: {value:.4f}")
