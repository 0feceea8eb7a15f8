"""A virtual table that draws what is on the screen and nothing else.

    table = QueueTable(
        [Column(id="what", width=None, cell=lambda row: row.title), Column(id="age", width=6, align="right", cell=age)],
        empty="Nothing needs you.",
    )
    table.show(rows)        # a Sequence of objects with .key, never mutated later; an unchanged row is the same object
    table.show(rows, anew=True)   # what cells say of unchanged rows may differ as well
    table.refresh_cells()   # ages have passed, marks have changed: draws anew what differs
    table.set_columns(columns); table.empty = "..."; table.show_header = True
    table.cursor_key, table.cursor_row, table.cursor_index, table.rows, table.hidden_count
    table.select(key) -> bool   # moves the cursor to a row, if there is one with this key

Messages: `RowHighlighted(table, key)` when the cursor has come to stand on another key (None: no rows are left),
`RowOpened(table, key)`. Both reach `@on(QueueTable.RowOpened, "#alerts")`.
Every cost depends on the lines shown, not on the rows held; only a key that has moved far makes it read all keys, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic

from textual.binding import Binding, BindingType
from textual.events import DescendantBlur, DescendantFocus
from textual.geometry import Offset, Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from widgets.columns import Column, R
from widgets.slices import Slice, SliceLayout
from widgets.table_drawing import Line, Look, Looks, TableDrawing, most_slices
from widgets.viewport import Viewport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.content import Content
    from textual.layout import Layout

WHEEL_ROWS = 3


class QueueTable(Widget, Generic[R], can_focus=True):
    """One virtual table: rows of one line each, a cursor kept by key, repaint of changed cells only."""

    ALLOW_SELECT = False
    ALLOW_MAXIMIZE = True
    BLANK = True
    DEFAULT_CSS = """
    QueueTable { height: 1fr; width: 1fr; pointer: pointer; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "queue-table--row",
        "queue-table--cursor",
        "queue-table--cursor-blurred",
        "queue-table--bar",
        "queue-table--bar-blurred",
        "queue-table--header",
        "queue-table--empty",
        "queue-table--thumb",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False, id="table.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="table.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page_up"),
        Binding("g,home", "first", "First", show=False, id="table.first"),
        Binding("G,end", "last", "Last", show=False, id="table.last"),
        Binding("enter", "open", "Open", show=False, id="table.open"),
    ]

    empty: reactive[Content | str] = reactive("", repaint=False)
    """What is shown when there are no rows: a sentence, wrapped; a `str` is literal text."""

    show_header: reactive[bool] = reactive(False, repaint=False)
    """Whether the first line shows the columns' titles."""

    class RowHighlighted(Message):
        """The cursor has come to stand on another row; `key` is None when the table has become empty."""

        def __init__(self, table: QueueTable[Any], key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> QueueTable[Any]:
            """The table, for selectors."""
            return self.table

        def can_replace(self, message: Message) -> bool:
            """Of several waiting for the same table the last counts."""
            return isinstance(message, QueueTable.RowHighlighted) and message.table is self.table

    class RowOpened(Message):
        """The user wants to see the row."""

        def __init__(self, table: QueueTable[Any], key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> QueueTable[Any]:
            """The table, for selectors."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column[R]],
        *,
        empty: Content | str = "",
        show_header: bool = False,
        id: str | None = None,  # noqa: A002  # the name every widget of Textual gives it
        classes: str | None = None,
    ) -> None:
        self._styles_changed = True
        super().__init__(id=id, classes=classes)
        self._drawing: TableDrawing[R] = TableDrawing(columns)
        self._view: Viewport[R] = Viewport()
        self._key: str | None = None
        self._slices = [Slice(self, number) for number in range(most_slices(columns))]
        self._slice_layout = SliceLayout(self)
        self._just_focused = False
        self.set_reactive(QueueTable.empty, empty)
        self.set_reactive(QueueTable.show_header, show_header)

    # What is shown

    @property
    def rows(self) -> Sequence[R]:
        """The rows as last given to `show`."""
        return self._view.rows

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor, None when there are no rows."""
        return self._view.key

    @property
    def cursor_index(self) -> int:
        """The position of the cursor among the rows, -1 when there are none."""
        return self._view.cursor

    @property
    def cursor_row(self) -> R | None:
        """The row under the cursor, None when there are no rows."""
        return self._view.rows[self._view.cursor] if self._view.rows else None

    @property
    def hidden_count(self) -> int:
        """How many rows do not fit on the screen at once."""
        return max(0, len(self._view.rows) - self._page)

    def show(self, rows: Sequence[R], *, anew: bool = False) -> None:
        """Show these rows from now on; the cursor stays on its key, else on the row below it, else at its position.

        Args:
            rows: all of them, in order.
            anew: ask the columns for the cells of unchanged rows as well.
        """
        if anew:
            self._drawing.forget()
        before = len(self._view.rows)
        self._view.page = self._page
        self._view.show(rows)
        self._settle()
        if len(rows) != before and self.styles.is_auto_height:
            self.refresh(layout=True)

    def fill(self, under_way: bool) -> None:
        """Say whether the rows are still coming in for the first time; the cursor then waits on the first one."""
        self._view.filling = under_way

    def refresh_cells(self) -> None:
        """Ask the columns anew for every visible cell and repaint those that have come to differ."""
        self._drawing.forget()
        self._repaint()

    def set_columns(self, columns: Sequence[Column[R]]) -> None:
        """Show other columns of the same rows."""
        self._drawing.set_columns(columns)
        more = [Slice(self, number) for number in range(len(self._slices), most_slices(columns))]
        self._slices += more
        if self.is_attached:
            self.mount_all(more)
        self._clear_arrangement_cache()
        self.refresh(layout=True)
        self._repaint()

    def select(self, key: str) -> bool:
        """Put the cursor on the row with this key and report whether there is one."""
        index = self._view.position_of(key)
        if index is None:
            return False
        self._move_to(index)
        return True

    def watch_show_header(self) -> None:
        """Show or hide the titles."""
        self._repaint()

    def watch_empty(self) -> None:
        """Repaint the sentence."""
        if not self._view.rows:
            self._repaint()

    # Keys and mouse

    def action_move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self._move_to(self._view.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Turn pages; the cursor keeps its line on the screen."""
        rows = pages * max(1, self._page - 1)
        self._view.scroll(self._view.top + rows)
        self._move_to(self._view.cursor + rows)

    def action_first(self) -> None:
        """Move to the first row."""
        self._move_to(0)

    def action_last(self) -> None:
        """Move to the last row."""
        self._move_to(len(self._view.rows) - 1)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self._view.key is not None:
            self.post_message(self.RowOpened(self, self._view.key))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the rows, not the cursor."""
        self._wheel(event, WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the rows, not the cursor."""
        self._wheel(event, -WHEEL_ROWS)

    def on_click(self, event: events.Click) -> None:
        """Select a row; open it when it is selected already. The click that brings the focus only selects."""
        offset = event.get_content_offset(self)
        fresh, self._just_focused = self._just_focused, False
        if offset is None:
            return
        index = self._view.top + offset.y - self._header_lines
        if offset.y < self._header_lines or index >= len(self._view.rows):
            return
        event.stop()
        opens = event.chain > 1 or (index == self._view.cursor and not fresh)
        self._move_to(index)
        if opens:
            self.action_open()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Textual's own would style the table and its slices anew; the cursor alone shows the focus."""

    def on_focus(self, event: events.Focus) -> None:
        """Show the cursor. Textual's own handler would repaint the whole table as well."""
        event.prevent_default()
        self._just_focused = True
        self._set_focus(DescendantFocus(self))

    def on_blur(self, event: events.Blur) -> None:
        """Dim the cursor."""
        event.prevent_default()
        self._set_focus(DescendantBlur(self))

    def _set_focus(self, told: DescendantFocus | DescendantBlur) -> None:
        self.has_focus = isinstance(told, DescendantFocus)
        self._repaint()
        if self.parent is not None:
            self.parent.post_message(told)

    # Drawing

    @property
    def layout(self) -> Layout:
        """The slices, side by side."""
        return self._slice_layout

    def compose(self) -> ComposeResult:
        """Yield the slices."""
        yield from self._slices

    def spans(self, width: int) -> list[tuple[int, int]]:
        """Return the cells [start, end) of the slices of a table so many cells wide."""
        return self._drawing.spans(width)

    def lines(self) -> list[Line]:
        """Return the lines of the screen, in one strip a slice."""
        self._fit_size()
        return [self._line(y) for y in range(self.size.height)]

    def fill_slices(self) -> None:
        """Give every slice whose size has changed its part of the lines: they are made once for all of them."""
        lines = self.lines()
        for part in self._slices:
            if part.is_outdated:
                part.take(lines)

    def _fit_size(self) -> None:
        if self._styles_changed:
            self._styles_changed = False
            self._drawing.restyle(Looks.resolve(self.get_visual_style))
        if self._drawing.size != self.size:
            self._drawing.resize(self.size)
        if self._view.page != self._page:
            self._view.page = self._page
            self._view.scroll(self._view.top)

    def _line(self, y: int) -> Line:
        y -= self._header_lines
        if y < 0:
            return self._drawing.header()
        view = self._view
        if not view.rows:
            sentence = self._drawing.empty(self.empty)
            return sentence[y] if y < len(sentence) else self._drawing.blank()
        index = view.top + y
        if index >= len(view.rows):
            return self._drawing.blank()
        look = Look.PLAIN
        if index == view.cursor:
            look = Look.CURSOR if self.has_focus else Look.CURSOR_BLURRED
        return self._drawing.row(view.rows[index], look, thumb=y in view.thumb)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines that all rows take; at least one."""
        return max(1, len(self._view.rows) + self._header_lines)

    def notify_style_update(self) -> None:
        """Resolve the styles anew after a change of theme or focus."""
        super().notify_style_update()
        self._styles_changed = True
        if self.is_mounted:
            self.call_later(self._repaint)

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._fit_size()
        self._view.reveal()
        self._repaint()

    @property
    def _header_lines(self) -> int:
        return 1 if self.show_header else 0

    @property
    def _page(self) -> int:
        """Lines that show rows."""
        return max(0, self.size.height - self._header_lines)

    def _repaint(self) -> None:
        """Mark the cells as dirty that differ from what was drawn last."""
        if not self.is_mounted:
            return
        self._place_terminal_cursor()
        lines = self.lines()
        shown = len(lines[0]) if lines else 0
        for part in self._slices[:shown]:
            part.repaint(lines)

    def _place_terminal_cursor(self) -> None:
        if self.has_focus and self._view.cursor_in_view:
            line = self._view.cursor - self._view.top + self._header_lines
            self.app.cursor_position = self.content_region.offset + Offset(0, line)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        top = self._view.top
        self._view.moved = True
        self._view.scroll(top + rows)
        if self._view.top != top:
            event.stop()
            self._repaint()

    def _move_to(self, index: int) -> None:
        self._just_focused = False
        self._view.move_to(index)
        self._settle()

    def _settle(self) -> None:
        """Say where the cursor is now and repaint."""
        if self._view.key != self._key:
            self._key = self._view.key
            self.post_message(self.RowHighlighted(self, self._key))
        self._repaint()
