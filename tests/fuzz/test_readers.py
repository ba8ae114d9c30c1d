"""No reader raises anything but an `InputError`, whatever is in a file; `make fuzz` runs more of the same."""

import pytest
from mutations import TARGETS

from handsign.errors import InputError

pytestmark = pytest.mark.slow

COUNT = 400


@pytest.mark.parametrize("name", TARGETS)
def test_a_mutated_file_is_read_or_refused(tmp_path, name):
    target = TARGETS[name]
    for data in target.corpus():
        target.read(tmp_path, data)  # what is not mutated is read
    for number, data in enumerate(target.mutations(1, COUNT)):
        reason = ""
        try:
            target.read(tmp_path, data)
        except InputError as error:
            reason = str(error)
        except Exception as error:
            raise AssertionError(f"mutation {number} of seed 1: {data[:2000]!r}") from error
        assert "\n" not in reason
