"""The wheel's 32 departments as a shop names them, with the colours and motif of their product tile."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Department:
    """`is_shown`: whether the web shop shows it (fuel, coupons and store supplies cannot be put in a basket)."""

    code: str
    name: str
    motif: str
    ground: str
    accent: str
    is_shown: bool = True

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


DEPARTMENTS = {
    department.code: department
    for department in (
        Department("GROCERY", "Grocery", "bag", "#F6E7CF", "#C98B4B"),
        Department("DRUG GM", "Drug & Household", "pump_bottle", "#DCEBF2", "#4D8FAC"),
        Department("PRODUCE", "Produce", "apple", "#E4F0DA", "#D9483B"),
        Department("COSMETICS", "Cosmetics", "lipstick", "#F8E0E6", "#C2416B"),
        Department("NUTRITION", "Nutrition", "leaf_jar", "#E3F1E6", "#5E9E6B"),
        Department("MEAT", "Meat", "steak", "#F7E1DC", "#B8473F"),
        Department("MEAT-PCKGD", "Packaged Meat", "sausage", "#F8E3D3", "#B75B36"),
        Department("DELI", "Deli", "cheese", "#FBF0CC", "#EDB93B"),
        Department("PASTRY", "Pastry", "cupcake", "#F9E4EA", "#E387A0"),
        Department("FLORAL", "Floral", "flower", "#EFE6F6", "#9A6BC0"),
        Department("MISCELLANEOUS", "Miscellaneous", "gift", "#E8EAF3", "#6B7BB8", is_shown=False),
        Department("SEAFOOD-PCKGD", "Packaged Seafood", "fish_tin", "#DDEFF0", "#3F8F95"),
        Department("SPIRITS", "Spirits", "wine", "#F2E0E6", "#8C2F4F"),
        Department("SEAFOOD", "Seafood", "fish", "#D9ECF5", "#3C86B4"),
        Department("GARDEN CENTER", "Garden Center", "potted_plant", "#E6F1DC", "#C7714A"),
        Department("RESTAURANT", "Restaurant", "cloche", "#F1EADF", "#8C7B63"),
        Department("SALAD BAR", "Salad Bar", "salad", "#EAF4D7", "#6FA83A"),
        Department("COUPON", "Coupons", "ticket", "#FBEBD0", "#E08A2E", is_shown=False),
        Department("TRAVEL & LEISURE", "Travel & Leisure", "suitcase", "#DDF0F4", "#D98A3D"),
        Department("FROZEN GROCERY", "Frozen Grocery", "ice_pop", "#DFF0FA", "#5AA5D6"),
        Department("FUEL", "Fuel", "drop", "#E9E6E0", "#5F6B73", is_shown=False),
        Department("CHEF SHOPPE", "Chef Shoppe", "chef_hat", "#F3ECE2", "#B5683F"),
        Department("PHOTO & VIDEO", "Photo & Video", "camera", "#E6E8EE", "#55607A"),
        Department("CNTRL/STORE SUP", "Store Supplies", "crate", "#EEE8DD", "#A98455", is_shown=False),
        Department("TOYS", "Toys", "ball", "#FCEFD2", "#E25B4A"),
        Department("POSTAL CENTER", "Postal Center", "letter", "#E3E9F5", "#5579B8", is_shown=False),
        Department("PROD-WHS SALES", "Warehouse Sales", "crate", "#EAEBDD", "#8C9153", is_shown=False),
        Department("CHARITABLE CONT", "Charity", "heart", "#FAE0E2", "#D9485F", is_shown=False),
        Department("AUTOMOTIVE", "Automotive", "wheel", "#E5E9EB", "#4A565E"),
        Department("ELECT &PLUMBING", "Electric & Plumbing", "bulb", "#FDF3CF", "#EFB62E"),
        Department("GM MERCH EXP", "General Merchandise", "tag", "#E3EFEA", "#3F9477"),
        Department("HOUSEWARES", "Housewares", "mug", "#E9E5F2", "#7868B0"),
    )
}
