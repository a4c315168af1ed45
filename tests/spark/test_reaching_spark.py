"""Spark is looked for when it is asked for; what is missing is named, with where to get it."""

import shutil
import sys
from pathlib import Path

import pytest

from ringsight.errors import SettingsError
from ringsight.spark.session import session_of
from ringsight.spark.settings import SparkConfig


def test_without_pyspark_the_extra_and_java_are_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "py4j.protocol", None)
    with pytest.raises(SettingsError, match=r"needs pyspark(.|\n)*ringsight\[spark\](.|\n)*Java 17"):
        session_of(SparkConfig()).__enter__()


def test_a_cluster_needs_a_folder_that_all_of_it_sees():
    with pytest.raises(SettingsError, match=r"spark\.folder=FOLDER"):
        SparkConfig(master="spark://cluster:7077")
    assert SparkConfig(master="spark://cluster:7077", folder=Path("/shared")).folder == Path("/shared")


def test_bounds_are_kept():
    with pytest.raises(SettingsError, match=r"spark\.customers must be at least 1"):
        SparkConfig(customers=0)
    with pytest.raises(SettingsError, match=r"spark\.batch must be at least 1"):
        SparkConfig(batch=0)


def test_without_java_it_is_named(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pyspark")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SettingsError, match="openjdk-17-jre-headless"):
        session_of(SparkConfig()).__enter__()
