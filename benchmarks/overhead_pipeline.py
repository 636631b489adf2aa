"""A pipeline whose steps do nothing but write an artifact; kfp reads annotations as they stand."""

from kfp import dsl

STEPS = 5


@dsl.component(install_kfp_package=False)
def idle(number: int, out: dsl.Output[dsl.Artifact]) -> None:
    """Write one small file."""
    from pathlib import Path

    folder = Path(out.path)
    folder.mkdir(parents=True)
    (folder / "number.txt").write_text(str(number))


@dsl.pipeline(name="idle-steps")
def steps() -> None:
    """Run STEPS of them, one after the other, as kfp.local does."""
    for number in range(STEPS):
        idle(number=number)
