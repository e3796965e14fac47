"""How interval literals and types are read: the quoted text as it stands, then the qualifier."""

from sqlglot import exp
from sqlglot.parsers.redshift import RedshiftParser
from sqlglot.tokenizer_core import TokenType

_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


class IntervalParser(RedshiftParser):
    """sqlglot splits '13 months' in two and takes the qualifier behind it for an alias."""

    def _parse_interval(
        self,
        require_interval: bool = True,  # noqa: FBT001, FBT002 - sqlglot's signature
        parse_function_unit: bool = True,  # noqa: FBT001, FBT002
    ) -> exp.Add | exp.Interval | None:
        del require_interval, parse_function_unit
        start = self._index
        if not (self._match(TokenType.INTERVAL) and self._match(TokenType.STRING)):
            self._retreat(start)
            return None
        text = exp.Literal.string(self._prev.text)
        return self.expression(exp.Interval(this=text, unit=self._parse_qualifier()))

    def _parse_types(self, *args: bool, **options: bool) -> exp.Expr | None:
        start = self._index
        if self._match(TokenType.INTERVAL) and (qualifier := self._parse_qualifier()):
            return self.expression(exp.DataType(this=exp.Interval(unit=qualifier)))
        self._retreat(start)
        return super()._parse_types(*args, **options)

    def _parse_qualifier(self) -> exp.Expr | None:
        """Read DAY TO SECOND (3) as one node called by its words, its digits as arguments."""
        if not (self._curr and self._curr.text.upper() in _UNITS):
            return None
        words = [self._curr.text.upper()]
        self._advance()
        if self._match_text_seq("TO") and self._curr:
            words += ["TO", self._curr.text.upper()]
            self._advance()
        digits = []
        if words[-1] == "SECOND" and self._match(TokenType.L_PAREN):
            digits = [self._parse_number()]
            self._match_r_paren()
        return exp.Anonymous(this=" ".join(words), expressions=digits)
