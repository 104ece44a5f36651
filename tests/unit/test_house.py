"""The house's rules (STYLE.md), held by a machine: boundaries, signs, data classes, SQL, sizes, addresses."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sqlalchemy.dialects.postgresql import BYTEA
from tests.factories.statements import (
    REPOSITORY,
    SOURCE,
    all_statements,
    python_files,
    repositories,
    statements,
    tables_named,
)

from reelm.models import everything  # noqa: F401 - importing declares the tables
from reelm.models.declare import DataClass, metadata
from reelm.models.rooms import READS_ACROSS, TABLES_OF
from reelm.settings import LOGIN_ROLES

TABLES = {table.name: table for table in metadata.sorted_tables}
ROOMS = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))
SECRET_CLASSES = {DataClass.IDENTITY, DataClass.PRIVATE}
LINES = 450

# Written by a machine and whole by nature: one revision is one step of the schema.
LONG_FILES = {"migrations/versions/20261121_2200_first_life.py"}

# SQL outside repositories, each with its reason.
SQL_ELSEWHERE = {
    "src/reelm/custody/keystore.py": "the key store's own SQLite file, which only the keys process opens",
    "src/reelm/custody/marks.py": "the key store's own SQLite file, which only the keys process opens",
    "src/reelm/custody/rotation.py": "the key store's own SQLite file, while no keys process is there",
    "src/reelm/custody/storefile.py": "the key store's own SQLite file, which only the keys process opens",
    "src/reelm/entrypoints/external.py": "asks a foreign server what it is, before anything is built on it",
    "src/reelm/entrypoints/migrate.py": "makes the roles, tables, functions and policies, as the administrator",
    "src/reelm/entrypoints/operator.py": "the operator's own command at the machine, as the administrator",
    "src/reelm/entrypoints/staff.py": "the keyholder's own command at the machine, as the administrator",
    "src/reelm/entrypoints/upkeep.py": "calls the functions of the realm's schedules, which belong to no one room",
    "src/reelm/entrypoints/worker.py": "the queue's own tables: takes over the jobs of a worker that died",
    "src/reelm/entrypoints/demo/scenes/words.py": "no SQL: a clip that is about updates",
    "src/reelm/kit/exclusive.py": "takes a lock on a connection of its own, which belongs to no room",
    "src/reelm/kit/database.py": "begins a transaction in its subject's name",
    "src/reelm/kit/jobs.py": "one call of the function that adds a job",
}

# Reading the environment outside settings.py, each with its reason.
ENVIRONMENT_ELSEWHERE = {
    "src/reelm/entrypoints/keys.py": "a process that changes its user changes its home; it reads nothing",
    "src/reelm/entrypoints/network_demo.py": "hands its own environment on to the supervisors that it starts",
    "src/reelm/entrypoints/up.py": "tells the algebra library, before it is loaded, to keep to one thread",
    "src/reelm/kit/metrics.py": "the metrics library takes its folder from the environment, and nowhere else",
    "src/reelm/media/sandbox.py": "hands the search path on to the child it confines",
}

# HTTP outside a room's routes, with its reason.
HTTP_ELSEWHERE = {
    "src/reelm/kit/http.py": "what every room's routes stand on",
    "src/reelm/media/tus.py": "the handlers of the upload protocol, which routes.py puts in their place",
}

# A connection of their own, thrown away afterwards: what they set can't reach another person's request.
OWN_CONNECTION = {"src/reelm/entrypoints/migrate.py"}


def _name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [path for name in names if (path := REPOSITORY / name).is_file()]


def _texts(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text())
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


# --- data ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_has_a_data_class(table):
    without = [c.name for c in table.columns if not isinstance(c.info.get("class"), DataClass)]
    assert not without


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_what_only_a_person_may_read_is_sealed(table):
    for column in table.columns:
        named_so = column.name.endswith(("_sealed", "_index"))
        if column.info["class"] in SECRET_CLASSES:
            assert isinstance(column.type, BYTEA), column.name
            assert named_so, f"{column.name} must say by its name that it is sealed, or a blind index"
        elif isinstance(column.type, BYTEA):  # a number may well be an index, in the ledger
            assert not named_so, f"{column.name} is named like a sealed column, but its class is not secret"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_says_why_until_when_and_for_whom(table):
    assert table.info["purpose"].endswith(".")
    assert table.info["retention"].endswith(".")
    assert set(table.info["grants"]) <= set(LOGIN_ROLES)
    # A role that is granted something must meet a policy that lets it see a row, and the other way round.
    reached = {role.strip() for audience in table.info["audiences"] for role in audience.role.split(",")}
    for role in table.info["grants"]:
        assert role in reached, f"{role} is granted something on {table.name} that no audience lets it see"
    names = [audience.name for audience in table.info["audiences"]]
    assert len(names) == len(set(names))


def test_every_table_has_exactly_one_room():
    owned = [table for tables in TABLES_OF.values() for table in tables]
    assert sorted(owned) == sorted(TABLES)
    assert set(TABLES_OF) <= {room.name for room in ROOMS}


def test_people_can_read_what_is_kept():
    """docs/guide/data.md names every table in words."""
    page = (REPOSITORY / "docs" / "guide" / "data.md").read_text()
    assert not [name for name in TABLES if f"`{name}`" not in page]
    assert not [each for each in DataClass if f"\n| {each} |" not in page]


# --- rooms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_has_a_sign_and_nothing_else_on_its_door(room):
    tree = ast.parse((room / "__init__.py").read_text())
    sign = ast.get_docstring(tree)
    assert sign, "no sign"
    assert len(tree.body) == 1, "a room's __init__.py holds its sign and nothing else"
    assert len(sign.splitlines()) <= 10
    for word in ("Owns", "May import", "Must never"):
        assert word.lower() in sign.lower(), f"the sign does not say: {word}"
    for table in TABLES_OF.get(room.name, ()):
        assert re.search(rf"\b{table.partition('_')[0]}", sign), f"the sign does not name {table}"


@pytest.mark.parametrize("path", python_files(), ids=_name)
def test_every_module_and_class_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert not path.read_text().strip() or ast.get_docstring(tree)
    public = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]
    assert not [node.name for node in public if not ast.get_docstring(node)]


def test_imports_keep_to_the_floors():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_sql_and_routes_of_every_room_are_protected():
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    protected = {module for c in contracts if c["type"] == "protected" for module in c["protected_modules"]}
    private = {
        f"reelm.{'.'.join(path.relative_to(SOURCE).with_suffix('').parts)}"
        for room in ROOMS
        if room.name != "entrypoints"
        for path in room.rglob("*.py")
        if path.stem in {"routes", "tasks"} or path.stem.startswith("repository")
    }
    assert private == protected


def test_http_stays_in_routes():
    wrong = set()
    for path in python_files():
        if path.stem.startswith("routes") or path.relative_to(SOURCE).parts[0] == "entrypoints":
            continue
        if re.search(r"^\s*(from|import) (litestar|granian)\b", path.read_text(), re.MULTILINE):
            wrong.add(_name(path))
    assert wrong == set(HTTP_ELSEWHERE)


def test_tables_are_declared_for_migrations_only():
    """Serving processes use plain SQL; the library that declares tables costs them memory they don't have."""
    users = {
        path.relative_to(SOURCE).parts[0]
        for path in python_files()
        if re.search(r"^(from|import) (sqlalchemy|alembic)\b", path.read_text(), re.MULTILINE)
    }
    assert users == {"models"}


def test_no_room_is_called_after_a_heap():
    heaps = {"utils", "util", "common", "helpers", "helper", "core", "manager", "managers", "misc", "shared"}
    assert not [
        _name(path) for path in python_files() if heaps & {*path.parts[len(SOURCE.parts) :], path.stem}
    ]


def test_other_rooms_are_met_at_their_service():
    """Of another room, only `service` is imported (and `models`, `kit`, `settings`, which are no rooms)."""
    rooms = {room.name for room in ROOMS} - {"kit", "models", "entrypoints"}
    wrong = []
    for path in python_files():
        own = path.relative_to(SOURCE).parts[0]
        if own == "entrypoints":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = node.module.split(".")
                room = parts[1] if parts[0] == "reelm" and len(parts) > 1 else ""
                if room in rooms and room != own and parts[2:] != ["service"]:
                    wrong.append(f"{_name(path)}:{node.lineno} {node.module}")
    assert not wrong


# --- SQL ----------------------------------------------------------------------------------------------------


def test_sql_names_only_the_tables_of_its_room():
    wrong = []
    used = set()
    found = 0
    for statement in all_statements():
        found += 1
        for table in tables_named(statement.text or statement.source, set(TABLES)):
            if table in TABLES_OF.get(statement.room, ()):
                continue
            if (statement.room, table) in READS_ACROSS and "SELECT" in statement.source:
                used.add((statement.room, table))
                continue
            wrong.append(f"{statement} names {table}")
    assert found > 50, "the statements are not found any more; look at tests/factories/statements.py"
    assert not wrong
    assert used == set(READS_ACROSS), "a reason that nothing needs any more is to be taken out"


def test_sql_is_said_in_repositories_only():
    known = set(repositories())
    elsewhere = {
        statement.file
        for path in python_files()
        if path not in known and "models" not in path.parts
        for statement in statements(path, filled_in=False)
    }
    assert elsewhere == set(SQL_ELSEWHERE)


def test_only_entrypoints_and_the_kit_end_a_transaction():
    wrong = []
    for path in python_files():
        if path.relative_to(SOURCE).parts[0] in {"entrypoints", "kit"} or _name(path) in SQL_ELSEWHERE:
            continue
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            ends = any(keyword.arg == "commit" for keyword in node.keywords)
            if node.func.attr in {"commit", "rollback"} or (node.func.attr == "finish" and ends):
                wrong.append(f"{_name(path)}:{node.lineno}")
        wrong += [
            f"{_name(path)}:{line}"
            for line, text in _texts(path)
            if re.match(r"\s*(BEGIN|COMMIT|ROLLBACK|END)\b\s*;?\s*$", text)
        ]
    assert not wrong


def test_a_setting_ends_with_its_transaction():
    """`SET` without LOCAL, and `set_config(…, false)`, would reach the next person on a pooled connection."""
    lasting = re.compile(
        r"(?:.*;)?\s*(?:SET\s+(?!LOCAL\b|TRANSACTION\b|NULL$)(?:SESSION\s+)?[A-Za-z_.]+\s*(?:=|TO\b|[A-Z])|RESET\s+[A-Za-z]|DISCARD\s)",
        re.DOTALL,
    )
    wrong = []
    for path in python_files():
        if _name(path) in OWN_CONNECTION:
            continue
        for line, text in _texts(path):
            if lasting.match(text) or re.search(r"set_config\([^)]*,\s*false\s*\)", text, re.IGNORECASE):
                wrong.append(f"{_name(path)}:{line} {text[:60]!r}")
    for path in SOURCE.rglob("*.sql"):
        told = re.findall(r"set_config\([^)]*,\s*false\s*\)|;\s*SET\s+(?!LOCAL)\S+", path.read_text())
        wrong += [f"{_name(path)} {each!r}" for each in told]
    assert not wrong


def test_functions_that_act_as_the_owner_name_their_search_path():
    for path in SOURCE.rglob("*.sql"):
        for body in re.split(r"(?=CREATE OR REPLACE FUNCTION)", path.read_text())[1:]:
            head = body.partition("AS $$")[0]
            if "SECURITY DEFINER" in head:
                assert "SET search_path = " in head, head
                assert head.split("SET search_path = ")[1].split("\n")[0].rstrip().endswith("pg_temp"), head


# --- sizes, environment, addresses ----------------------------------------------------------------------------


def test_files_stay_readable():
    looked = [p for top in ("src", "tests", "bench", "migrations") for p in (REPOSITORY / top).rglob("*.py")]
    long = {_name(path): n for path in looked if (n := len(path.read_text().splitlines())) > LINES}
    assert set(long) - LONG_FILES == set(), long


def test_only_settings_read_the_environment():
    wrong = []
    for path in python_files():
        if _name(path) in {"src/reelm/settings.py", *ENVIRONMENT_ELSEWHERE}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            reads = isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
            named = (
                isinstance(node, ast.keyword)
                and node.arg == "envvar"
                and isinstance(node.value, ast.Constant)
            )
            if reads or named:
                wrong.append(f"{_name(path)}:{node.lineno}")
    assert not wrong


def test_the_lock_pins_everything_by_hash_and_names_no_address():
    lines = (REPOSITORY / "requirements.lock").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert len(pinned) > 20
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^ ]+( ; [^\\]+)? \\", line) for line in pinned)
    assert sum("--hash=sha256:" in line for line in lines) >= len(pinned)
    assert not [
        line for line in lines if "://" in line or line.startswith(("-i", "--index", "--extra-index", "-f"))
    ]


def test_no_file_names_a_package_index_or_a_machine():
    hosts = ["pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs.org", "npm" + "mirror.com"]
    # A path of somebody's machine: it would work there and nowhere else.
    paths = ["/" + "home/", "/" + "Users/", "/" + "work/", "/" + "tmp/w/"]
    text = re.compile("|".join(re.escape(each) for each in (*hosts, *paths)))
    wrong = []
    for path in _tracked():
        body = path.read_bytes()
        if b"\0" in body[:8000]:
            continue
        for number, line in enumerate(body.decode(errors="replace").splitlines(), 1):
            if text.search(line):
                wrong.append(f"{_name(path)}:{number} {line.strip()[:80]}")
    assert not wrong


def test_what_is_pointed_at_exists():
    """Links of the documents, and the documents and tests that code and documents name."""
    wrong = []
    for path in _tracked():
        if path.suffix not in {".md", ".py", ".ts", ".svelte", ".toml"} or "node_modules" in path.parts:
            continue
        text = path.read_text()
        named = re.findall(r"\b(?:docs|tests|spec|bench)/[\w/.-]+\.(?:md|py|json)\b", text)
        wrong += [f"{_name(path)} {each}" for each in named if not (REPOSITORY / each).exists()]
        if path.suffix == ".md":
            links = re.findall(r"\]\(([^)#\s]+)", text)
            wrong += [
                f"{_name(path)} {each}"
                for each in links
                if "://" not in each and not (path.parent / each).exists()
            ]
    assert not wrong


def test_ci_runs_what_the_readme_says():
    said = (REPOSITORY / "README.md").read_text()
    assert "make up" in said
    assert "make test" in said
    assert "make --no-print-directory test" in (REPOSITORY / ".ci" / "run").read_text()


def test_no_jurisdiction_or_brand_is_named_in_code():
    """Rule 13: those are data. (Names of other services occur in comments at most; none is needed today.)"""
    brands = re.compile(
        r"\b(tik ?tok|instagram|youtube|facebook|bytedance|oracle|singapore)\b", re.IGNORECASE
    )
    assert not [_name(path) for path in python_files() if brands.search(path.read_text())]


def test_the_published_declarations_are_the_ones_in_force():
    published = REPOSITORY / "spec" / "custody" / "purposes.json"
    assert published.read_bytes() == (SOURCE / "custody" / "purposes.json").read_bytes()


def test_every_model_file_can_be_imported_without_an_engine():
    for path in (SOURCE / "models").glob("*.py"):
        importlib.import_module(f"reelm.models.{path.stem}")


def test_what_runs_loads_nothing_that_only_migrations_or_others_need() -> None:
    """Each of these is megabytes in every process of a realm."""
    asked = (
        "import sys; from pathlib import Path; from reelm.entrypoints.parts import preload; preload(); "
        "from reelm.entrypoints.web import create_app; from reelm.settings import DatabaseSettings, Settings; "
        "create_app(Settings(data=Path('data'), database=DatabaseSettings(host=''))); "
        "print(*sorted({each.partition('.')[0] for each in sys.modules}))"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    loaded = set(said.stdout.split())
    assert {"litestar", "asyncpg"} <= loaded
    heavy = {
        "sqlalchemy",
        "alembic",
        "pydantic",
        "attrs",
        "lightgbm",
        "scipy",
        "av",
        "cedarpy",
        "voprf",
        "py_vapid",
    }
    assert not loaded & heavy
