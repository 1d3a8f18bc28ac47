"""SQL/JSON constructors, predicates and query functions."""

from typing import Any

JSON_TRANSFORM: dict[type, Any] = {}
