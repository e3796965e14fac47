"""Reads the FROM items of PartiQL, which sqlglot knows in part: `path AS value AT index`."""

from collections.abc import Collection
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.parsers.redshift import RedshiftParser
from sqlglot.tokenizer_core import TokenType

_STEPS = (TokenType.DOT, TokenType.L_BRACKET)


class Unnesting(exp.Expression):
    """A FROM item that iterates over a SUPER value: over an array, or over an object's attributes.

    `this` is the path, `value` and `position` are the names of what it yields, `alias` that of
    UNNEST's table.
    """

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "value": True,
        "position": False,
        "alias": False,
        "unpivot": False,
    }


class PartiqlParser(RedshiftParser):
    """Redshift's parser with its unnesting; plain `a.b` stays a table until names are known."""

    SUPPORTS_IMPLICIT_UNNEST = False

    def _parse_table(  # noqa: PLR0913, PLR0917 - as sqlglot has it
        self,
        schema: bool = False,  # noqa: FBT001, FBT002
        joins: bool = False,  # noqa: FBT001, FBT002
        alias_tokens: Collection[TokenType] | None = None,
        parse_bracket: bool = False,  # noqa: FBT001, FBT002
        is_db_reference: bool = False,  # noqa: FBT001, FBT002
        parse_partition: bool = False,  # noqa: FBT001, FBT002
        consume_pipe: bool = False,  # noqa: FBT001, FBT002
    ) -> exp.Expr | None:
        if not schema and not is_db_reference and (item := self._parse_unnesting()):
            return item
        return super()._parse_table(
            schema, joins, alias_tokens, parse_bracket, is_db_reference, parse_partition,
            consume_pipe,
        )  # fmt: skip

    def _parse_unnesting(self) -> exp.Expr | None:
        start = self._index
        if self._match(TokenType.UNPIVOT):
            return self._named(self._parse_column(), unpivot=True)
        if self._match_pair(TokenType.UNNEST, TokenType.L_PAREN, advance=False):
            self._advance()
            return self._parse_unnest_call()
        if self._curr and self._curr.token_type not in (TokenType.L_PAREN, TokenType.VALUES):
            path = self._parse_column() if not self._is_call() else None
            if isinstance(path, exp.Column | exp.Dot | exp.Bracket):
                item = self._named(path)
                if item and (item.args["position"] or path.find(exp.Bracket)):
                    return item
        self._retreat(start)
        return None

    def _is_call(self) -> bool:
        return bool(self._next and self._next.token_type is TokenType.L_PAREN)

    def _named(self, path: exp.Expr | None, *, unpivot: bool = False) -> exp.Expr | None:
        """Read `[AS] value [AT position]` after a path."""
        written = self._match(TokenType.ALIAS)
        value = self._parse_id_var(any_token=bool(written), tokens=self.TABLE_ALIAS_TOKENS)
        if not path or not value:
            if unpivot:
                self.raise_error("UNPIVOT of an object needs an alias")
            return None
        position = self._parse_id_var() if self._match_text_seq("AT") else None
        arguments: dict[str, Any] = {"value": value, "position": position, "unpivot": unpivot}
        return Unnesting(this=path, **arguments)

    def _parse_unnest_call(self) -> exp.Expr:
        """Read `(path) [WITH OFFSET] [AS] alias (value [, position])`."""
        path = self._parse_wrapped(self._parse_column)
        offset = self._match_pair(TokenType.WITH, TokenType.OFFSET)
        alias = self._parse_table_alias()
        names = alias.columns if alias else []
        if not alias or not alias.this or not 1 <= len(names) <= (2 if offset else 1):
            self.raise_error("UNNEST needs an alias with the names of its columns")
        position = [*names, exp.to_identifier("offset_col")][1] if offset else None
        return Unnesting(this=path, value=names[0], position=position, alias=alias and alias.this)
