"""What scikit-learn's users pickle: estimators, pipelines and searches, fitted on a little data."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pandas as pd
from scipy.stats import loguniform
from sklearn import (
    calibration,
    cluster,
    compose,
    covariance,
    cross_decomposition,
    decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    kernel_approximation,
    kernel_ridge,
    linear_model,
    manifold,
    metrics,
    mixture,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    random_projection,
    semi_supervised,
    svm,
    tree,
)

_GENERATOR = np.random.default_rng(4)
_X = _GENERATOR.random((40, 5))
_Y = np.arange(40) % 2
_TEXTS = ["a cat sat", "the dog ran", "a model fits", "no data here"] * 10

_ON_CLASSES: list[Any] = [
    linear_model.LogisticRegression(),
    linear_model.LogisticRegressionCV(Cs=2, cv=2),
    linear_model.SGDClassifier(),
    linear_model.Perceptron(),
    linear_model.PassiveAggressiveClassifier(),
    linear_model.RidgeClassifier(),
    svm.SVC(probability=True),
    svm.NuSVC(),
    svm.LinearSVC(),
    tree.DecisionTreeClassifier(),
    tree.ExtraTreeClassifier(),
    ensemble.RandomForestClassifier(4),
    ensemble.ExtraTreesClassifier(4),
    ensemble.GradientBoostingClassifier(n_estimators=3),
    ensemble.HistGradientBoostingClassifier(max_iter=3),
    ensemble.AdaBoostClassifier(n_estimators=3),
    ensemble.BaggingClassifier(n_estimators=3),
    ensemble.VotingClassifier([("a", naive_bayes.GaussianNB()), ("b", tree.DecisionTreeClassifier())]),
    ensemble.StackingClassifier([("a", naive_bayes.GaussianNB())], cv=2),
    neighbors.KNeighborsClassifier(),
    neighbors.KNeighborsClassifier(algorithm="ball_tree"),
    neighbors.KNeighborsClassifier(algorithm="kd_tree"),
    neighbors.NearestCentroid(),
    neighbors.RadiusNeighborsClassifier(5.0),
    naive_bayes.GaussianNB(),
    naive_bayes.BernoulliNB(),
    naive_bayes.MultinomialNB(),
    naive_bayes.ComplementNB(),
    discriminant_analysis.LinearDiscriminantAnalysis(),
    discriminant_analysis.QuadraticDiscriminantAnalysis(),
    neural_network.MLPClassifier(hidden_layer_sizes=(4,), max_iter=5),
    gaussian_process.GaussianProcessClassifier(),
    calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=2),
    calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=2, method="isotonic"),
    multiclass.OneVsRestClassifier(svm.LinearSVC()),
    multiclass.OneVsOneClassifier(svm.LinearSVC()),
    dummy.DummyClassifier(),
    semi_supervised.LabelPropagation(),
    semi_supervised.SelfTrainingClassifier(naive_bayes.GaussianNB()),
    model_selection.GridSearchCV(svm.SVC(), {"C": [1, 2]}, cv=2),
    model_selection.RandomizedSearchCV(svm.SVC(), {"C": loguniform(0.1, 1)}, n_iter=2, cv=2),
    model_selection.GridSearchCV(
        svm.SVC(), {"C": [1, 2]}, cv=model_selection.StratifiedKFold(2), scoring=metrics.make_scorer(metrics.f1_score)
    ),
    feature_selection.SelectKBest(k=2),
    feature_selection.SelectKBest(feature_selection.chi2, k=2),
    feature_selection.RFE(linear_model.LogisticRegression()),
    feature_selection.SelectFromModel(tree.DecisionTreeClassifier()),
]
_ON_NUMBERS: list[Any] = [
    linear_model.LinearRegression(),
    linear_model.Ridge(),
    linear_model.RidgeCV(),
    linear_model.Lasso(),
    linear_model.ElasticNetCV(cv=2),
    linear_model.Lars(),
    linear_model.BayesianRidge(),
    linear_model.ARDRegression(),
    linear_model.HuberRegressor(),
    linear_model.TheilSenRegressor(max_subpopulation=10),
    linear_model.RANSACRegressor(),
    linear_model.PoissonRegressor(),
    linear_model.QuantileRegressor(),
    linear_model.SGDRegressor(),
    svm.SVR(),
    svm.LinearSVR(),
    tree.DecisionTreeRegressor(),
    ensemble.RandomForestRegressor(4),
    ensemble.GradientBoostingRegressor(n_estimators=3),
    ensemble.GradientBoostingRegressor(n_estimators=3, loss="huber"),
    ensemble.HistGradientBoostingRegressor(max_iter=3),
    ensemble.HistGradientBoostingRegressor(max_iter=3, loss="poisson"),
    ensemble.VotingRegressor([("a", linear_model.Ridge())]),
    ensemble.StackingRegressor([("a", linear_model.Ridge())], cv=2),
    neighbors.KNeighborsRegressor(),
    neural_network.MLPRegressor(hidden_layer_sizes=(4,), max_iter=5),
    gaussian_process.GaussianProcessRegressor(gaussian_process.kernels.RBF() + gaussian_process.kernels.WhiteKernel()),
    kernel_ridge.KernelRidge(),
    cross_decomposition.PLSRegression(),
    dummy.DummyRegressor(),
    compose.TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1),
]
_ALONE: list[Any] = [
    preprocessing.StandardScaler(),
    preprocessing.MinMaxScaler(),
    preprocessing.RobustScaler(),
    preprocessing.MaxAbsScaler(),
    preprocessing.Normalizer(),
    preprocessing.Binarizer(),
    preprocessing.PolynomialFeatures(),
    preprocessing.PowerTransformer(),
    preprocessing.QuantileTransformer(n_quantiles=5),
    preprocessing.KBinsDiscretizer(3),
    preprocessing.SplineTransformer(),
    preprocessing.FunctionTransformer(np.log1p),
    impute.SimpleImputer(),
    impute.KNNImputer(),
    impute.MissingIndicator(),
    decomposition.PCA(2),
    decomposition.IncrementalPCA(2),
    decomposition.KernelPCA(2),
    decomposition.TruncatedSVD(2),
    decomposition.FastICA(2),
    decomposition.NMF(2),
    decomposition.FactorAnalysis(2),
    decomposition.LatentDirichletAllocation(2),
    cluster.KMeans(2, n_init=1),
    cluster.MiniBatchKMeans(2, n_init=1),
    cluster.DBSCAN(),
    cluster.AgglomerativeClustering(),
    cluster.Birch(),
    cluster.MeanShift(),
    cluster.SpectralClustering(2),
    cluster.OPTICS(),
    mixture.GaussianMixture(2),
    mixture.BayesianGaussianMixture(n_components=2),
    manifold.Isomap(),
    manifold.TSNE(perplexity=5.0, max_iter=250),
    manifold.LocallyLinearEmbedding(),
    covariance.EmpiricalCovariance(),
    covariance.EllipticEnvelope(),
    ensemble.IsolationForest(n_estimators=4),
    neighbors.LocalOutlierFactor(),
    neighbors.NearestNeighbors(),
    neighbors.KernelDensity(),
    svm.OneClassSVM(),
    kernel_approximation.RBFSampler(),
    kernel_approximation.Nystroem(n_components=5),
    random_projection.GaussianRandomProjection(2),
    random_projection.SparseRandomProjection(2),
    feature_selection.VarianceThreshold(),
    neural_network.BernoulliRBM(2, n_iter=2),
]


def _fitted() -> Iterator[tuple[str, Any]]:
    for number, model in enumerate(
        [
            *(m.fit(_X, _Y) for m in _ON_CLASSES),
            *(m.fit(_X, _X[:, 0] + 1) for m in _ON_NUMBERS),
            *(m.fit(_X) for m in _ALONE),
        ]
    ):
        yield f"{number:03} {type(model).__name__}", model
    frame = pd.DataFrame({"n": _X[:, 0], "m": _X[:, 1], "c": ["u", "v"] * 20, "t": _TEXTS})
    numbers = pipeline.Pipeline([("impute", impute.SimpleImputer()), ("scale", preprocessing.StandardScaler())])
    columns = compose.ColumnTransformer(
        [
            ("n", numbers, ["n", "m"]),
            ("c", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["c"]),
            ("o", preprocessing.OrdinalEncoder(), ["c"]),
            ("t", feature_extraction.text.TfidfVectorizer(), "t"),
        ],
        remainder="drop",
    )
    yield "column transformer", columns.fit(frame)
    yield "whole pipeline", pipeline.make_pipeline(columns, ensemble.RandomForestClassifier(3)).fit(frame, _Y)
    yield (
        "searched pipeline",
        model_selection.GridSearchCV(
            pipeline.make_pipeline(columns, linear_model.LogisticRegression()), {"logisticregression__C": [1, 2]}, cv=2
        ).fit(frame, _Y),
    )
    yield "feature union", pipeline.make_union(decomposition.PCA(1), preprocessing.StandardScaler()).fit(_X)
    for vectorizer in (
        feature_extraction.text.CountVectorizer(stop_words="english", ngram_range=(1, 2)),
        feature_extraction.text.TfidfVectorizer(),
        feature_extraction.text.HashingVectorizer(),
    ):
        yield type(vectorizer).__name__, vectorizer.fit(_TEXTS)
    yield (
        "text pipeline",
        pipeline.make_pipeline(feature_extraction.text.TfidfVectorizer(), naive_bayes.MultinomialNB()).fit(_TEXTS, _Y),
    )
    yield "DictVectorizer", feature_extraction.DictVectorizer().fit([{"a": 1, "b": "x"}])
    yield "LabelEncoder", preprocessing.LabelEncoder().fit(["a", "b"])
    yield "LabelBinarizer", preprocessing.LabelBinarizer().fit(["a", "b"])
    yield "MultiLabelBinarizer", preprocessing.MultiLabelBinarizer().fit([["a"], ["b"]])
    yield "TargetEncoder", preprocessing.TargetEncoder().fit(frame[["c"]], _Y)
    yield "IsotonicRegression", isotonic.IsotonicRegression().fit(_X[:, 0], _X[:, 1])
    yield "KBins object labels", tree.DecisionTreeClassifier().fit(_X, np.array(["yes", "no"] * 20, dtype=object))
    yield "unfitted", svm.SVC()


def write(folder: str) -> None:
    """Write each by pickle, every third by joblib, and one in every protocol and compression."""
    for number, (name, model) in enumerate(_fitted()):
        with open(os.path.join(folder, f"{name}.pkl"), "wb") as file:
            pickle.dump(model, file, protocol=number % 6)
        if number % 3 == 0 or " " in name[4:]:
            joblib.dump(model, os.path.join(folder, f"{name}.joblib"), compress=number % 4)
    forest = ensemble.RandomForestClassifier(3).fit(_X, _Y)
    for protocol in range(6):
        with open(os.path.join(folder, f"forest-{protocol}.pkl"), "wb") as file:
            pickle.dump(forest, file, protocol)
    for method in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
        joblib.dump(forest, os.path.join(folder, f"forest {method}.joblib"), compress=(method, 5))
    joblib.dump(
        {"model": forest, "features": ["a", "b"], "scaler": preprocessing.StandardScaler().fit(_X)},
        os.path.join(folder, "bundle.joblib"),
    )
