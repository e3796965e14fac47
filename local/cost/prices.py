"""The price table: what a unit costs in a Region, tier by tier, and when that was looked up."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from local.parameters import Refused

TABLE = Path(__file__).parent / "prices.toml"
LASTS = timedelta(days=365)
ENDLESS = Decimal("Infinity")


@dataclass(frozen=True)
class Price:
    """What a unit costs in US dollars: `tiers` are (units a month below which, price), the last endless."""

    tiers: tuple[tuple[Decimal, Decimal], ...]
    unit: str
    source: str
    secondary: bool

    def cost(self, quantity: Decimal) -> Decimal:
        """Price a month's quantity, each part of it at its tier's price."""
        borders = [Decimal(0), *(border for border, _ in self.tiers)]
        parts = (
            max(Decimal(0), min(quantity, top) - bottom) * usd
            for (bottom, top), (_, usd) in zip(pairwise(borders), self.tiers, strict=True)
        )
        return sum(parts, Decimal(0))


@dataclass(frozen=True)
class Prices:
    """All prices of one Region, and the day when they were looked up."""

    region: str
    checked: date
    table: Mapping[str, Price]

    def __getitem__(self, name: str) -> Price:
        """Return one price; raises Refused where the table lacks it."""
        if name not in self.table:
            raise Refused(f"{TABLE.name} has no price {name} for {self.region}")
        return self.table[name]

    def is_old(self, today: date) -> bool:
        """Tell whether the prices were looked up more than a year ago."""
        return today - self.checked > LASTS


def prices_of(region: str, text: str | None = None) -> Prices:
    """Read the table of a Region; raises Refused for one that it lacks, and names those it has."""
    content = tomllib.loads(text or TABLE.read_text(encoding="utf-8"), parse_float=Decimal)
    checked = content.pop("checked")
    if region not in content:
        what = f"for {region}" if region else "where no Region is named"
        raise Refused(f"no prices are known {what}; they are for {', '.join(content)}")
    table = {name: _price(entry) for name, entry in content[region].items()}
    return Prices(region, checked, table)


def _price(entry: Mapping[str, Any]) -> Price:
    per = Decimal(entry.get("per", 1))
    tiers, top = [], Decimal(0)
    for tier in entry.get("tiers", [{"usd": entry.get("usd")}]):
        top = top + tier["units"] if "units" in tier else ENDLESS
        tiers.append((top, Decimal(tier["usd"]) / per))
    return Price(tuple(tiers), entry["unit"], entry["source"], entry["secondary"])
