"""Convert the backbone's weights from PyTorch's file to the `.npz` in the cache folder, ahead of the first use."""

import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from handsign.errors import InputError
from handsign.tasks.strike.torch_weights import npz_path, read_package, save

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        save(read_package(), npz_path())
    except InputError as error:
        sys.exit(str(error))
