// A click on a column's head sorts its table; printing opens what is folded.
for (const table of document.querySelectorAll("main table[class]:has(+ .save), main details > table")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows].at(-1).cells;
  const number = (row, column) => parseFloat(row.cells[column].textContent.replace("−", "-"));
  const merged = [...body.rows].some((row) => row.cells.length < heads.length || row.querySelector("[rowspan]"));
  for (const [column, head] of merged ? [] : [...heads].entries()) {
    head.tabIndex = 0;
    head.title = "sort by this column";
    const sort = () => {
      const falling = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falling === 1 ? "ascending" : "descending");
      const rows = [...body.rows];
      const numeric = rows.some((row) => !isNaN(number(row, column)));
      const words = (row) => row.cells[column].textContent;
      rows.sort((a, b) => falling * (numeric
        ? (number(a, column) || -Infinity) - (number(b, column) || -Infinity)
        : words(a).localeCompare(words(b))));
      body.append(...rows);
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
  }
}
addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
