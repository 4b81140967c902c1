"""Whether a day's traffic is what the model was judged on: distances that decide, tests that guard."""
