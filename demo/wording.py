"""The wheel's till abbreviations as words that a customer can read."""

import re

_WORDS = {
    "ACCESSIORES": "Accessories", "BEERALEMALT": "Beer, Ale and Malt", "BK": "Book", "BKD": "Baked", "BN": "Beans",
    "BND": "Bound", "BNDGES": "Bandages", "BRKFST": "Breakfast", "BTL": "Bottle", "CARB": "Carbonated",
    "CATFD": "Cat Food", "CKTLS": "Cocktails", "CONC": "Concentrate", "DIPILATORIES": "Depilatories",
    "DNRS": "Dinners", "DRNK": "Drink", "DRNKNG": "Drinking", "DRNKS": "Drinks", "DRSNG": "Dressing", "DRY": "Dry",
    "DVD": "DVD", "ELSTC": "Elastic", "ENT": "Entrees", "EQUIP": "Equipment", "EX": "Ex", "FD": "Food",
    "FEM": "Feminine", "FLVRD": "Flavoured", "FRE": "Fresh", "FRZ": "Frozen", "FRZN": "Frozen", "GDS": "Goods",
    "GM": "General Merchandise", "HBC": "Care", "HYGN": "Hygiene", "INCL": "Incl.", "LIQ": "Liquid", "LT": "Litre",
    "MACH": "Machine", "MED": "Medium", "MISC": "Other", "ML": "ml", "MNRL": "Mineral", "MULT": "Multi", "MX": "Mix",
    "OTH": "Other", "PCKGD": "Packaged", "PK": "Pack", "PREM": "Premium", "PREPORTND": "Pre-Portioned",
    "PWDR": "Powder", "REFRGRATD": "Refrigerated", "REFRIG": "Refrigerated", "RTS": "Ready to Serve", "SALD": "Salad",
    "SAUS": "Sausage", "SFT": "Soft", "SGL": "Single", "SHLFSH": "Shellfish", "SNDWCH": "Sandwich", "SNGL": "Single",
    "SPECILATY": "Speciality", "SPLY": "Supplies", "SPRD": "Spread", "SRV": "Serve", "SS": "Single Serve",
    "STK": "Stick", "SUP": "Super", "SUPRT": "Support", "SV": "Serve", "SW": "Sweet", "SWIN": "Swim",
    "TOMS": "Tomatoes", "TV": "TV", "VEG": "Vegetables", "VEND": "Vending", "WAT": "Water", "WHLSM": "Wholesome",
}  # fmt: skip
_SMALL = {"and", "or", "with", "of", "to", "not", "on", "for", "in", "the"}
_UNITS = {"OZ": "oz", "LB": "lb", "CT": "ct", "GAL": "gal", "GA": "gal", "ML": "ml", "PK": "pack", "PC": "pieces",
          "PT": "pint", "QT": "quart", "IN": "in", "FT": "ft", "DZ": "dozen", "EA": "each", "SQ": "sq", "L": "l",
          "LT": "l", "CS": "case"}  # fmt: skip


def readable(text: str) -> str:
    """`FRZN MEAT/MEAT DINNERS` as `Frozen Meat / Meat Dinners`; cut-off tails of the till's 30 characters go."""
    text = re.sub(r"\(.*", "", text).replace("S GENERAL", "'S GENERAL").replace(" 'S", "'S")
    text = re.sub(r"\s*(:|\s-\s)\s*", ", ", text)
    text = re.sub(r"\s*[,/]\s*\w?$", "", text.strip(" ,.-/&"))
    return re.sub(r"[A-Za-z0-9.%']+", _cased, re.sub(r"\s*([/&])\s*", r" \1 ", re.sub(r"\s{2,}", " ", text))).strip()


def _cased(found: re.Match[str]) -> str:
    word = found.group()
    known = _WORDS.get(word.strip(".").upper())
    if known:
        return known
    return word.lower() if found.start() and word.lower() in _SMALL else word[0] + word[1:].lower()


def readable_size(text: str) -> str | None:
    """`.7 OZ` as `0.7 oz`; None where the till holds no size but a code."""
    size = re.sub(r"(?<![\d])\.(\d)", r"0.\1", " ".join(text.split()))
    size = re.sub(r"(\d)\.0+(?=\s)", r"\1", size)
    if not re.fullmatch(r"\d{1,3}(\.\d+)?(/\d+)?\s*[A-Z]+(\s[A-Z]+)?(/\d+(\.\d+)?\s*[A-Z]+)?", size):
        return None
    return re.sub(r"[A-Z]+", lambda unit: _UNITS.get(unit.group(), unit.group().lower()), size)
