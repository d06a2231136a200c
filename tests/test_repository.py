"""The repository as a whole: what it needs, what it says, and what it must not carry."""

import re
import runpy
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image as Pillow

import pixace
from pixace.zoo import shipped

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")

# Written so that no pattern finds itself. The folder of extra data beside a checkout may be named
# by what uses it where it is present, and nowhere else.
PRIVATE = re.compile(
    r"/wor[k]/|/roo[t]/|/hom[e]/\w|/op[t]/pypi|/tm[p]/\w"
    r"|index-ur[l]|find-link[s]|pkg[.]dev|artifactregistr[y]|file[:]//"
)
EXTRA_DATA = re.compile(r"\.\./share[d]")


def tracked():
    """Every file that git keeps; nothing to look at outside a checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def texts():
    for path in tracked():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def entries(name):
    """Of each package that requirements/NAME.txt pins, what is asked for and its checksums."""
    text = (ROOT / f"requirements/{name}.txt").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        asked, *hashes = line.split(" --hash=")
        yield asked.strip(), [each.strip() for each in hashes]


def lines(name):
    return [asked for asked, _ in entries(name)]


def pins(name, python):
    """Package -> version that requirements/NAME.txt gives to a Linux machine with that Python."""
    here = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_python_implementation": "CPython",
    }
    wanted = [Requirement(line) for line in lines(name)]
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==")
        for each in wanted
        if each.marker is None or each.marker.evaluate(here)
    }


@pytest.fixture
def metadata(monkeypatch):
    """What setup.py would tell setuptools, which need not be installed."""
    said = {}
    fake = SimpleNamespace(setup=said.update, find_packages=lambda **_: [])
    monkeypatch.setitem(sys.modules, "setuptools", fake)
    runpy.run_path(str(ROOT / "setup.py"))
    return said


def test_nothing_names_a_private_place():
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path, text in texts()
        for match in PRIVATE.finditer(text)
    ]
    assert found == []


def test_extra_data_is_known_to_tests_and_benchmarks_only():
    for path, text in texts():
        if path.relative_to(ROOT).parts[0] not in ("tests", "benchmarks"):
            assert not EXTRA_DATA.search(text), path


def test_no_file_is_larger_than_a_megabyte():
    """But models that come along, which have a limit of their own, 4 MB and 16 in all."""
    large = [path for path in tracked() if path.stat().st_size > 1_000_000]
    assert [path for path in large if path.parent != shipped.HERE] == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("file", "extras"), [("slim", ()), ("dev", ("dev", "tfds", "mlflow", "parquet")), ("cuda", ())]
)
def test_pins_fit_what_setup_asks_for(metadata, file, extras, python):
    have = pins(file, python)
    wanted = [*metadata["install_requires"]]
    wanted += [line for extra in extras for line in metadata["extras_require"][extra]]
    for line in wanted:
        requirement = Requirement(line)
        version = have[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{line}: {version}"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_larger_pins_hold_the_slim_ones_and_none_holds_tensorflow(python):
    slim = pins("slim", python)
    for file in ("slim", "dev", "cuda"):
        have = pins(file, python)
        assert have.items() >= slim.items()
        assert not {"tensorflow", "tensorflow-text", "torch"} & have.keys()
    assert "jax-cuda12-plugin" in pins("cuda", python)


@pytest.mark.parametrize("file", ["slim", "dev", "cuda", "build"])
def test_each_pin_is_one_version_by_its_checksums_wherever_it_comes_from(file):
    for asked, hashes in entries(file):
        requirement = Requirement(asked)  # no option of pip, and no place
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), asked
        assert requirement.url is None
        assert hashes, asked
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), asked


def test_whatever_installs_pins_asks_for_checksums():
    """All but the peers of benchmarks, which are no part of pixace."""
    for name in ("Dockerfile", "bin/environment"):
        text = (ROOT / name).read_text().replace("\\\n", " ")
        for line in re.findall(r".*pip install.* -r .*", text):
            assert "--require-hashes" in line, line


def test_no_container_runs_as_root():
    """By its number, which whoever forbids root can look at."""
    stages = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    ends = {each.split(" AS ")[1].split()[0]: each.splitlines()[-1] for each in stages[1:]}
    assert ends["cpu"] == ends["cuda"] == "USER 1000"


IMPORT_ALL = """
import importlib, importlib.metadata, pkgutil, sys

extra = {extra!r}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in extra:
            raise ModuleNotFoundError(f"{{name}} is not among the slim pins", name=name)

sys.meta_path.insert(0, Refuse())
import pixace
for module in pkgutil.walk_packages(pixace.__path__, "pixace."):
    if module.name != "pixace.__main__":
        importlib.import_module(module.name)
assert "tensorflow" not in sys.modules
"""


@pytest.mark.slow
def test_every_module_imports_with_the_slim_pins_alone():
    """Modules of distributions that only dev.txt or an extra brings are refused."""
    slim = {canonicalize_name(Requirement(line).name) for line in lines("slim")}
    extra = {
        module
        for module, owners in packages_distributions().items()
        if not slim & {canonicalize_name(owner) for owner in owners} and module != "pixace"
    }
    assert {"pytest", "hypothesis"} <= extra
    script = IMPORT_ALL.format(extra=extra)
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_the_folder_of_gin_files_never_shadows_gin():
    assert not (ROOT / "gin/__init__.py").exists()


@pytest.mark.parametrize(
    "path", [path for path in sorted((ROOT / "gin").glob("*.gin")) if path.stem != "base"], ids=str
)
def test_every_gin_file_says_how_to_run_it_and_what_it_takes_and_reaches(path):
    head = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        head.append(line)
    for word in ("Run:", "Takes:", "Reaches:"):
        assert any(re.match(rf"# *{word} +\S", line) for line in head), word


def test_changelog_knows_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[?{re.escape(pixace.__version__)}\b", text, re.M)


def test_links_and_pictures_of_the_pages_exist():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        text = page.read_text(encoding="utf-8")
        targets = re.findall(r"\]\(([^)\s]+)[^)]*\)", text) + re.findall(r'src="([^"]+)"', text)
        for target in targets:
            if not re.match(r"[a-z]+:|#", target):
                assert (page.parent / target.partition("#")[0]).exists(), f"{page.name}: {target}"


def test_prose_is_at_most_120_columns_wide():
    """Tables, too, but for those of the page that is made from docstrings."""
    wide = [
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in texts()
        if path.suffix == ".md"
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > 120 and not (path.name == "settings.md" and line.startswith("|"))
    ]
    assert wide == []


def test_no_file_of_pixace_is_longer_than_300_lines():
    """A noun that needs more is two."""
    files = (ROOT / "pixace").rglob("*.py")
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_pictures_name_no_place_on_the_machine_that_made_them():
    """What a PNG remembers goes wherever it goes."""
    for path in sorted((ROOT / "docs" / "pictures").glob("*.png")):
        with Pillow.open(path) as picture:
            picture.load()
            told = str(getattr(picture, "text", {}))
        assert not PRIVATE.search(told), path.name
