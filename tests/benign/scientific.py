"""What SciPy pickles: sparse matrices, interpolators, distributions, trees."""

from __future__ import annotations

import os
import pickle
from typing import Any

import joblib
import numpy as np
from scipy import interpolate, optimize, signal, sparse, spatial, stats


def _objects() -> dict[str, Any]:
    x = np.linspace(0, 1, 9)
    points = np.random.default_rng(1).random((12, 2))
    dense = np.eye(4)
    found: dict[str, Any] = {
        f"{kind} matrix": sparse.csr_matrix(dense).asformat(kind)
        for kind in ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")
    }
    found |= {f"{kind} array": sparse.csr_array(dense).asformat(kind) for kind in ("csr", "csc", "coo")}
    return found | {
        "cubic": interpolate.CubicSpline(x, x**2),
        "bspline": interpolate.make_interp_spline(x, x**2),
        "pchip": interpolate.PchipInterpolator(x, x**2),
        "grid": interpolate.RegularGridInterpolator((x, x), np.outer(x, x)),
        "linear": interpolate.LinearNDInterpolator(points, points[:, 0]),
        "radial": interpolate.RBFInterpolator(points, points[:, 0]),
        "univariate": interpolate.UnivariateSpline(x, x**2),
        "normal": stats.norm(0, 1),
        "uniform": stats.uniform(0, 2),
        "lognormal": stats.lognorm(0.5),
        "integers": stats.randint(1, 10),
        "loguniform": stats.loguniform(0.1, 1),
        "density": stats.gaussian_kde(points.T),
        "kd tree": spatial.cKDTree(points),
        "kd tree python": spatial.KDTree(points),
        "rotation": spatial.transform.Rotation.from_euler("x", 0.5),
        "fit": optimize.minimize(_bowl, [1.0, 2.0]),
        "filter": signal.butter(3, 0.2),
        "system": signal.TransferFunction([1.0], [1.0, 1.0]),
    }


def _bowl(x: Any) -> Any:
    return float((x**2).sum())


def write(folder: str) -> None:
    """Write each by pickle and joblib, sparse ones as npz too."""
    for name, item in _objects().items():
        with open(os.path.join(folder, f"{name}.pkl"), "wb") as file:
            pickle.dump(item, file)
        joblib.dump(item, os.path.join(folder, f"{name}.joblib"))
    sparse.save_npz(os.path.join(folder, "sparse.npz"), sparse.csr_matrix(np.eye(3)))
