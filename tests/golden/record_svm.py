"""Record support vector machines of scikit-learn (liblinear): python tests/golden/record_svm.py. Needs scikit-learn."""

import json
from pathlib import Path

import numpy as np
from sklearn.svm import LinearSVC

# Features as R-CNN scales them have norms of about 20, and most examples are negative.
CASES = {
    "apart": {"n": 20, "d": 3, "gap": 6.0, "cost": 1.0, "positive_weight": 1.0, "constant": 10.0},
    "mixed": {"n": 40, "d": 5, "gap": 1.0, "cost": 0.3, "positive_weight": 2.0, "constant": 10.0},
    "more features than examples": {
        "n": 15,
        "d": 40,
        "gap": 0.5,
        "cost": 1e-3,
        "positive_weight": 2.0,
        "constant": 10.0,
    },
    "hardly a bias": {"n": 40, "d": 2, "gap": 3.0, "cost": 2.0, "positive_weight": 5.0, "constant": 0.5},
}


def main() -> None:
    cases = []
    for number, (name, case) in enumerate(CASES.items()):
        rng = np.random.default_rng(number)
        positive = rng.random(case["n"]) < 0.3
        x = np.round(rng.normal(0, 1, (case["n"], case["d"])) + case["gap"] * positive[:, None], 3)
        options = {key: case[key] for key in ("cost", "positive_weight", "constant")}
        machine = LinearSVC(
            loss="hinge",
            C=options["cost"],
            class_weight={1: options["positive_weight"], 0: 1.0},
            intercept_scaling=options["constant"],
            tol=1e-10,
            max_iter=10_000_000,
            random_state=0,
        )
        machine.fit(x, positive.astype(int))
        cases.append(
            {
                "name": name,
                "options": options,
                "x": x.tolist(),
                "positive": positive.tolist(),
                "weights": machine.coef_[0].tolist(),
                "bias": float(machine.intercept_[0]),
            }
        )
    Path(__file__).with_name("svm.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
