"""The balance of a check: every row that came in was accepted, is a duplicate, or was refused."""

from dataclasses import dataclass

from lettermill.errors import BalanceError


@dataclass(frozen=True)
class Balance:
    """Rows of one check, counted from the tables."""

    table: str
    arrived: int
    accepted: int
    duplicates: int
    refused: int
    erased: int = 0

    def require(self) -> "Balance":
        """Return the balance, or raise BalanceError where rows are missing or too many."""
        difference = self.arrived - self.accepted - self.duplicates - self.refused - self.erased
        if difference:
            raise BalanceError(
                f"{self.table}: {self.arrived:,} rows in, but {abs(difference):,} "
                f"{'unaccounted for' if difference > 0 else 'too many'} ({self})",
                mend="run the check again; if it stays, compare the keys of the tables named by docs/tables.md",
            )
        return self

    def __str__(self) -> str:
        return (
            f"{self.arrived:,} in = {self.accepted:,} accepted + {self.duplicates:,} duplicates "
            f"+ {self.refused:,} quarantined" + (f" + {self.erased:,} of erased people" if self.erased else "")
        )
