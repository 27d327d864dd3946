"""What command lines tell."""

from __future__ import annotations

import pytest

from crackseg_desktop.hardware.commands import is_python, runs_a_training, starts_ranks


@pytest.mark.parametrize(
    "command",
    [
        "python run.py",
        "/opt/conda/bin/python3.11 -u src/main.py --epochs 100",
        "python3 -W ignore -X utf8 scripts/train_unet.py model=unet",
        r"C:\Python312\python.exe C:\work\train.py",
        "pythonw.exe TRAIN.PY",
        "python -m crackseg.train",
        "python -m crackseg",
        "python -m src.main",
        "python -u -m src.training.trainer",
        "python -O -m train",
    ],
)
def test_that_a_training_is_known_by_its_command_line(command: str) -> None:
    assert is_python(command.split(" "))
    assert runs_a_training(command.split(" "))


@pytest.mark.parametrize(
    "command",
    [
        "python",
        "python -c import(train)",
        "python serve.py --model train.py",
        "python -m http.server",
        "python -m pip install trainer.whl",
        "python rerun.py.bak",
        "python -m src.mainframe",
    ],
)
def test_that_other_python_programs_are_not_taken_for_trainings(command: str) -> None:
    assert is_python(command.split(" "))
    assert not runs_a_training(command.split(" "))


@pytest.mark.parametrize(
    "command",
    [
        "bash run.py",
        "/usr/bin/pythonic train.py",
        "vim train.py",
        "python -m crackseg_desktop watch",
        "/venv/bin/python /venv/bin/crackseg-desktop watch",
        r"C:\venv\python.exe C:\venv\Scripts\crackseg-desktop.exe",
        "python -c from(multiprocessing.spawn)import",
    ],
)
def test_that_other_programs_helpers_and_ourselves_are_passed_over(command: str) -> None:
    assert not is_python(command.split(" "))


@pytest.mark.parametrize(
    "command",
    [
        "/venv/bin/python /venv/bin/torchrun --nproc_per_node 2 train.py",
        "python -m torch.distributed.run train.py",
        "python -u -m torch.distributed.launch train.py",
        "python /venv/bin/accelerate launch train.py",
        "/usr/bin/mpirun -n 2 python train.py",
        "mpiexec.hydra -n 2 python train.py",
    ],
)
def test_that_launchers_of_ranks_are_known(command: str) -> None:
    assert starts_ranks(command.split(" "))


@pytest.mark.parametrize("command", ["bash train.sh", "python train.py torchrun", "python -c torchrun", ""])
def test_that_what_else_starts_a_training_is_no_launcher(command: str) -> None:
    assert not starts_ranks(command.split())


def test_that_a_process_without_a_command_line_is_passed_over() -> None:
    assert not is_python([])
