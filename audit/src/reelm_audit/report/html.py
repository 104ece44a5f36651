"""HTML that can't be broken out of: whatever is not made here is escaped."""

from html import escape

VOID = {"meta", "rect", "line", "circle", "path", "br"}


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


Child = str | int | Markup | None


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """Return an element. In attribute names `_` stands for `-`, a last one is dropped; None leaves one out."""
    parts = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        written = key.rstrip("_").replace("_", "-")
        parts.append(written if value is True else f'{written}="{escape(str(value))}"')
    opening = f"<{' '.join(parts)}>"
    if name in VOID:
        return Markup(opening[:-1] + "/>") if name not in {"meta", "br"} else Markup(opening)
    return Markup(f"{opening}{join(*children)}</{name}>")


def join(*children: Child) -> Markup:
    """Return children one after the other, escaped unless they are markup; None is nothing."""
    return Markup(
        "".join(
            each if isinstance(each, Markup) else escape(str(each), quote=False)
            for each in children
            if each is not None
        )
    )


def lines(*children: Child) -> Markup:
    """Return children on lines of their own, so that the page's source can be read."""
    return Markup("\n".join(join(each) for each in children if each is not None))
