"""The machine: what is too little is told."""

import os

import pytest

from pixace.api import machine_checks


def test_this_machine_is_described(tmp_path, monkeypatch):
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "cache"))
    found = {each.name: each for each in machine_checks.checks(tmp_path / "runs")}
    assert {"versions", "device", "disk of runs", "disk of the cache"} <= found.keys()
    assert found["versions"].facts.keys() >= {"python", "pixace", "jax", "trax", "numpy"}
    assert found["device"].facts["platform"] == "cpu"
    assert found["disk of runs"].facts["place"] == str(tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("free", "state"), [(0.4, "broken"), (1.9, "look"), (2.1, "ok")])
def test_memory_that_is_short_is_told(free, state):
    assert machine_checks.memory(free).state == state


def test_a_busy_machine_is_told():
    assert machine_checks.load(2.0, 2).state == "ok"
    assert machine_checks.load(2.1, 2).state == "look"


def test_a_place_that_cannot_be_written_to_is_broken(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = machine_checks.disk("runs", tmp_path / "runs")
    assert (found.state, found.advice) == ("broken", "choose another place, with --runs")
