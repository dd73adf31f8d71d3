"""What could run an archive's content, or a shell, is not there: a gate over the syntax trees."""

import ast
from collections.abc import Iterator

import pytest

from tests.structure.tree import name_of, parsed, sources

MODULES = {"pickle", "cPickle", "_pickle", "dill", "shelve", "marshal", "yaml", "jsonpickle"}
BUILTINS = {"eval", "exec", "compile", "__import__", "execfile"}
CALLS = {
    "os.system", "os.popen", "os.execv", "os.execve", "os.execvp", "os.spawnl", "os.spawnv",
    "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn", "builtins.eval",
    "builtins.exec", "asyncio.create_subprocess_shell", "tempfile.mktemp",
}  # fmt: skip
EXTRACTING = {"extractall"}


def violations(tree: ast.AST) -> Iterator[str]:
    """Name each forbidden import and call of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _root(alias.name) in MODULES)
        elif isinstance(node, ast.ImportFrom):
            if _root(node.module or "") in MODULES:
                yield str(node.module)
            named = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in named if name in CALLS)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in BUILTINS | CALLS or name.rpartition(".")[2] in EXTRACTING:
                yield name
            if any(
                keyword.arg == "shell"
                and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
                for keyword in node.keywords
            ):
                yield f"{name}(shell=...)"


def _root(module: str) -> str:
    return module.partition(".")[0]


def test_hooks_and_plugin_hold_nothing_of_it() -> None:
    found = [f"{name_of(path)}: {what}" for path in sources() for what in violations(parsed(path))]
    assert sources()
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import yaml.loader",
        "from pickle import loads",
        "from marshal import loads as harmless",
        "eval(text)",
        "exec(text)",
        "compile(text, 'x', 'exec')",
        "__import__(name)",
        "os.system(command)",
        "from os import system",
        "os.popen(command)",
        "subprocess.run(command, shell=True)",
        "subprocess.run(command, shell=chosen)",
        "archive.extractall(folder)",
    ],
)
def test_the_gate_notices(code: str) -> None:
    assert list(violations(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["re.compile(text)", "subprocess.run(command, shell=False)", "model.evaluate(x)"]
)
def test_the_gate_lets_pass_what_is_harmless(code: str) -> None:
    assert not list(violations(ast.parse(code)))
