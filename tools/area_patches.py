"""What the source of `areas.json` has wrong or leaves out, corrected here, each with its reason.

Natural Earth is drawn at 1:10 million: it names some areas as they were called before 2023, gives some islands to the
wrong area, and leaves out islands of a few square kilometres that people live on.
"""

from typing import NamedTuple

# Guam and the Northern Marianas have provisional codes there; ISO 3166-2 lists them under the United States. The
# Marianas' four municipalities are one area: one government warns them.
IDS = {
    "GU-X01~": "US-GU",
    "MP-X01~": "US-MP",
    "MP-X02~": "US-MP",
    "MP-X03~": "US-MP",
    "MP-X04~": "US-MP",
}

# Renamed on 11 June 2023 and 18 January 2024; ISO 3166-2 kept their codes. The rest is plainer or less ambiguous than
# what stands there (Georgia the state; Washington twice).
NAMES: dict[str, dict[str, str]] = {
    "KR-42": {"en": "Gangwon State", "ko": "강원특별자치도", "ja": "江原特別自治道"},
    "KR-45": {"en": "Jeonbuk State", "ko": "전북특별자치도", "ja": "全北特別自治道"},
    "KP-01": {"ja": "平壌直轄市"},
    "US-DC": {"en": "District of Columbia", "ja": "ワシントンD.C."},
    "US-WA": {"en": "Washington State"},
    "US-MP": {"en": "Northern Mariana Islands", "ko": "북마리아나 제도", "ja": "北マリアナ諸島"},
}
KOREAN_STATE = "주"  # 조지아주 is the state, 조지아 the country; left out there
NO_KOREAN_STATE = {"US-DC", "US-GU", "US-MP"}


class Move(NamedTuple):
    """Parts of area `of` whose middle lies in the box (west, south, east, north, in degrees) belong to `to`."""

    of: str
    to: str
    west: float
    south: float
    east: float
    north: float


MOVES = (
    Move("JP-47", "JP-46", 128.35, 26.95, 130.2, 28.6),  # the Amami islands, Kagoshima's since 1953
)


class Island(NamedTuple):
    """An island that people live on and the source leaves out: middle in degrees, area in square kilometres."""

    area_id: str
    name: str
    latitude_deg: float
    longitude_deg: float
    area_km2: float


# Those more than about 5 km from the rest of their area: nearer ones lie within the margin of any warning.
ISLANDS = (
    Island("JP-01", "Yagishiri", 44.435, 141.420, 5.2),
    Island("JP-01", "Teuri", 44.425, 141.315, 5.5),
    Island("JP-06", "Tobishima", 39.190, 139.550, 2.7),
    Island("JP-13", "Toshima", 34.520, 139.280, 4.1),
    Island("JP-13", "Shikinejima", 34.325, 139.212, 3.9),
    Island("JP-13", "Kozushima", 34.210, 139.140, 18.6),
    Island("JP-15", "Awashima", 38.465, 139.235, 9.8),
    Island("JP-17", "Hegurajima", 37.850, 136.920, 0.6),
    Island("JP-33", "Kitagishima", 34.375, 133.540, 7.5),
    Island("JP-34", "Etajima", 34.200, 132.450, 91.0),
    Island("JP-35", "Mishima", 34.775, 131.145, 7.7),
    Island("JP-35", "Iwaishima", 33.785, 131.965, 7.7),
    Island("JP-40", "Oshima", 33.900, 130.430, 7.2),
    Island("JP-40", "Ainoshima", 33.760, 130.365, 1.3),
    Island("JP-42", "Ojika", 33.190, 129.060, 12.2),
    Island("JP-44", "Himeshima", 33.725, 131.655, 6.8),
    Island("JP-46", "Takeshima of Mishima", 30.810, 130.420, 4.2),
    Island("JP-46", "Iojima", 30.790, 130.295, 11.7),
    Island("JP-46", "Tairajima", 29.690, 129.535, 2.1),
    Island("JP-46", "Kodakarajima", 29.220, 129.325, 1.0),
    Island("JP-46", "Takarajima", 29.145, 129.205, 7.1),
    Island("JP-47", "Izena", 26.935, 127.940, 15.4),
    Island("JP-47", "Tonaki", 26.370, 127.143, 3.6),
    Island("JP-47", "Zamami", 26.230, 127.305, 6.7),
    Island("JP-47", "Tarama", 24.655, 124.695, 19.8),
    Island("JP-47", "Taketomi", 24.327, 124.088, 5.4),
    Island("JP-47", "Kohama", 24.343, 123.980, 7.9),
    Island("JP-47", "Kuroshima", 24.240, 124.010, 10.0),
    Island("JP-47", "Hateruma", 24.060, 123.785, 12.7),
)

# Neighbours that the outlines don't show: Rota lies 60 km off Guam, and one flight threatens both; along the Military
# Demarcation Line two sources meet that don't touch.
NEIGHBOURS = (("US-GU", "US-MP"), ("KP-06", "KR-41"), ("KP-07", "KR-41"), ("KP-07", "KR-42"))
