"""Training of a head: gradient-boosted trees on integer features, deterministic for a seed."""

from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray


def train_head(
    features: NDArray[np.integer],
    label: NDArray[np.number],
    *,
    groups: NDArray[np.int64] | None = None,
    weight: NDArray[np.float64] | None = None,
    rounds: int = 60,
    leaves: int = 16,
    depth: int = 6,
    rate: float = 0.1,
    least_rows: int = 100,
    ridge: float = 10.0,
    share: float = 1.0,
    seed: int = 1,
    threads: int = 1,
    more: dict[str, Any] | None = None,
) -> lgb.Booster:
    """A booster for one head: the label's log-odds, or with `groups` the order within each of them.

    `groups` are numbers of rows per page or person, in the order of the rows. Missing
    values are switched off, so that `trees.integer_trees` can say the same in integers.
    """
    parameters: dict[str, Any] = {
        "objective": "binary" if groups is None else "lambdarank",
        "num_leaves": leaves,
        "max_depth": depth,
        "learning_rate": rate,
        "min_data_in_leaf": least_rows,
        "lambda_l2": ridge,
        "feature_fraction": share,
        "use_missing": False,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbosity": -1,
        **(more or {}),
    }
    data = lgb.Dataset(features, label=label, weight=weight, group=groups, free_raw_data=True)
    return lgb.train(parameters, data, num_boost_round=rounds)
