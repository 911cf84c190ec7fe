// Where a figure is pointed at, by mouse, finger or arrow keys: whose dot or cell it is, the face as lines, and its numbers.
for (const figure of document.querySelectorAll("figure[data-pointed-at]")) {
  const { spots, faces } = JSON.parse(figure.dataset.pointedAt), image = figure.querySelector("img");
  const [note, spot] = ["face", "spot"].map((name) => Object.assign(document.createElement("div"), { className: name, hidden: true }));
  let at = -1;
  note.role = "status";
  figure.append(spot, note);
  const places = (box = image.getBoundingClientRect()) => spots.map(([x, y]) => [box.x + x * box.width, box.bottom - y * box.height]);
  const show = (index) => {
    note.hidden = spot.hidden = index < 0;
    if (index < 0 || index === at) return void (at = index);
    const [x, y] = places()[at = index], [face, text] = faces[spots[at][2]];
    note.innerHTML = face;
    note.append(text);
    const below = y + 16 + note.offsetHeight < innerHeight ? y + 16 : Math.max(4, y - 16 - note.offsetHeight);
    spot.style.translate = `${x}px ${y}px`;
    note.style.translate = `${Math.min(x + 16, innerWidth - note.offsetWidth - 4)}px ${below}px`;
  };
  const point = (event) => {
    const away = places().map(([x, y]) => Math.hypot(event.clientX - x, event.clientY - y));
    const least = Math.min(...away);
    show(least < 22 ? away.indexOf(least) : -1);
  };
  for (const kind of ["pointermove", "pointerdown"]) image.addEventListener(kind, point);
  for (const kind of ["mouseleave", "blur", "scroll"]) figure.addEventListener(kind, () => show(-1));
  figure.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) event.preventDefault(), show((at + step + spots.length) % spots.length);
    if (event.key === "Escape") show(-1);
  });
}
