// The browser's side of the annotation widget: shows a photo with its landmarks, lets a person move them, and sends every
// change to Python, which saves it. Coordinates are pixels of the full-size photo throughout; a pixel's centre is whole.

const SVG = "http://www.w3.org/2000/svg";
const HELP = [
  ["drag a point", "move it; drag the photo to move the view, wheel or two fingers to zoom"],
  ["arrow keys", "move the point by 1 px; with Shift by 0.1 px, with Alt by 10 px"],
  [". and ,", "next and previous point"],
  ["Ctrl+Z, Ctrl+Y", "undo, redo"],
  ["R, G", "put the point, or its group, back where the detector had it"],
  ["M", "show where the other side's points would lie, mirrored"],
  ["Delete", "no iris to be seen: the eye is closed (R brings it back)"],
  ["+, -, 0", "zoom in, out, show the whole photo"],
  ["] and [", "next and previous photo"],
];
const ACKNOWLEDGED_WITHIN = 5000; // ms after which a change that Python did not confirm is shown as not saved

const make = (name, attributes = {}, parent = null) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
};

const clone = (state) => ({
  points: state.points.map((point) => [...point]),
  irises: Object.fromEntries(Object.entries(state.irises).map(([side, iris]) => [side, iris && [...iris]])),
});

// What was changed, and what can be undone. A state is {points: 68 x [x, y], irises: {right, left: [x, y, r] or null}}.
class History {
  constructor(state) {
    this.now = clone(state);
    this.past = [];
    this.future = [];
  }

  change(edit) {
    const before = clone(this.now);
    edit(this.now);
    if (JSON.stringify(before) === JSON.stringify(this.now)) return false;
    this.past.push(before);
    this.future = [];
    return true;
  }

  travel(from, to) {
    if (!from.length) return false;
    to.push(clone(this.now));
    this.now = from.pop();
    return true;
  }

  undo() { return this.travel(this.past, this.future); }
  redo() { return this.travel(this.future, this.past); }
}

// The photo and its points on the screen.
class Stage {
  constructor(element) {
    this.element = element;
    this.image = element.appendChild(new Image());
    this.image.draggable = false;
    this.image.alt = "";
    this.svg = make("svg", { role: "group", "aria-label": "landmarks" }, element);
    this.view = { x: 0, y: 0, zoom: 1 };
  }

  show(photo, picture) {
    this.photo = photo;
    URL.revokeObjectURL(this.image.src);
    this.image.src = URL.createObjectURL(new Blob([picture], { type: "image/jpeg" }));
    this.image.style.width = `${photo.width}px`;
    this.image.style.height = `${photo.height}px`;
    this.svg.replaceChildren();
    this.ghosts = make("g", { class: "ghosts", visibility: "hidden" }, this.svg);
    this.lines = photo.groups.map((group) => make("polyline", { class: "line" }, this.svg));
    this.circles = {};
    this.handles = new Map();
    for (const side of ["right", "left"]) {
      this.circles[side] = make("circle", { class: "iris" }, this.svg);
      this.addHandle(side, `${side} iris, centre`);
      this.addHandle(`${side} edge`, `${side} iris, edge`);
    }
    photo.names.forEach((name, i) => this.addHandle(String(i), `point ${i}: ${name}`));
  }

  addHandle(id, label) {
    const group = make("g", { class: "handle", "data-handle": id, "aria-label": label }, this.svg);
    make("title", {}, group).textContent = label;
    this.handles.set(id, { group, reach: make("circle", { class: "reach" }, group), dot: make("circle", { class: "dot" }, group) });
  }

  place(id, state) {
    const [side, edge] = id.split(" ");
    if (!(side in state.irises)) return state.points[Number(id)];
    const iris = state.irises[side];
    return iris && (edge ? [iris[0] + iris[2], iris[1]] : [iris[0], iris[1]]);
  }

  draw(state, changed = null) {
    for (const [id, { group }] of this.handles) {
      if (changed !== null && changed !== id && id.split(" ")[0] !== changed.split(" ")[0]) continue;
      const place = this.place(id, state);
      group.setAttribute("visibility", place ? "visible" : "hidden");
      if (place) group.setAttribute("transform", `translate(${place[0]} ${place[1]})`);
    }
    this.photo.groups.forEach((group, i) => {
      if (changed === null || group.includes(Number(changed)))
        this.lines[i].setAttribute("points", group.map((p) => state.points[p].join()).join(" "));
    });
    for (const [side, circle] of Object.entries(this.circles)) {
      const iris = state.irises[side];
      circle.setAttribute("visibility", iris ? "visible" : "hidden");
      if (iris) ["cx", "cy", "r"].forEach((name, i) => circle.setAttribute(name, iris[i]));
    }
  }

  drawGhosts(places) {
    this.ghosts.replaceChildren();
    for (const [x, y] of places) make("circle", { cx: x, cy: y, r: 2.5 / this.view.zoom }, this.ghosts);
  }

  select(id) {
    for (const [name, { group }] of this.handles) group.classList.toggle("selected", name === id);
  }

  // Show all of a box of the photo.
  fit(left = 0, top = 0, width = this.photo.width, height = this.photo.height) {
    const { clientWidth, clientHeight } = this.element;
    const zoom = Math.min(clientWidth / width, clientHeight / height) || 1;
    this.look(left + width / 2 - clientWidth / zoom / 2, top + height / 2 - clientHeight / zoom / 2, zoom);
  }

  fitFace(points) {
    const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
    this.fit(left - width / 8, top - height / 8, width * 1.25, height * 1.25);
  }

  look(x, y, zoom) {
    const { clientWidth, clientHeight } = this.element;
    zoom = Math.min(Math.max(zoom, 0.02), 40);
    this.view = { x, y, zoom };
    this.image.style.transform = `scale(${zoom}) translate(${-x - 0.5}px, ${-y - 0.5}px)`;
    this.image.style.imageRendering = zoom > 4 ? "pixelated" : "auto";
    this.svg.setAttribute("viewBox", `${x} ${y} ${clientWidth / zoom} ${clientHeight / zoom}`);
    for (const { reach, dot } of this.handles.values()) {
      reach.setAttribute("r", 11 / zoom);
      dot.setAttribute("r", 3 / zoom);
    }
    for (const ghost of this.ghosts.children) ghost.setAttribute("r", 2.5 / zoom);
  }

  // Zoom by a factor about a place on the screen, which stays where it is.
  zoomBy(factor, clientX, clientY) {
    const [x, y] = this.toPhoto(clientX, clientY);
    const zoom = Math.min(Math.max(this.view.zoom * factor, 0.02), 40);
    const shrink = this.view.zoom / zoom;
    this.look(x - (x - this.view.x) * shrink, y - (y - this.view.y) * shrink, zoom);
  }

  zoomMiddle(factor) {
    const box = this.element.getBoundingClientRect();
    this.zoomBy(factor, box.left + box.width / 2, box.top + box.height / 2);
  }

  toPhoto(clientX, clientY) {
    const box = this.element.getBoundingClientRect();
    return [(clientX - box.left) / this.view.zoom + this.view.x, (clientY - box.top) / this.view.zoom + this.view.y];
  }
}

class Annotator {
  constructor(model, element) {
    this.model = model;
    this.selected = "30";
    this.pointers = new Map();
    this.drag = null;
    this.build(element);
    this.listen();
    this.load();
  }

  build(element) {
    // JupyterLab's own shortcuts would take the letters
    element.classList.add("bp-annotator");
    element.dataset.lmSuppressShortcuts = "true";
    element.tabIndex = 0;
    const bar = element.appendChild(document.createElement("div"));
    bar.className = "bar";
    bar.setAttribute("role", "toolbar");
    const add = (label, title, action) => {
      const button = bar.appendChild(document.createElement("button"));
      Object.assign(button, { type: "button", textContent: label, title, onclick: () => { action(); element.focus(); } });
      button.setAttribute("aria-label", title);
    };
    add("◀", "previous photo", () => this.turn(-1));
    add("▶", "next photo", () => this.turn(1));
    add("↶", "undo", () => this.travel("undo"));
    add("↷", "redo", () => this.travel("redo"));
    add("Reset point", "put the point back where the detector had it", () => this.reset(false));
    add("Reset group", "put the point's group back where the detector had it", () => this.reset(true));
    add("Mirror", "show the mirrored reference", () => this.toggleGhosts());
    add("−", "zoom out", () => this.stage.zoomMiddle(0.8));
    add("+", "zoom in", () => this.stage.zoomMiddle(1.25));
    add("Whole", "show the whole photo", () => this.stage.fit());
    add("?", "help", () => { this.help.hidden = !this.help.hidden; });
    this.progress = bar.appendChild(document.createElement("span"));
    this.progress.className = "progress";
    this.stage = new Stage(Object.assign(element.appendChild(document.createElement("div")), { className: "stage" }));
    this.status = element.appendChild(document.createElement("div"));
    this.status.className = "status";
    this.status.setAttribute("role", "status");
    this.help = element.appendChild(document.createElement("dl"));
    this.help.hidden = true;
    for (const [keys, effect] of HELP) {
      this.help.appendChild(document.createElement("dt")).textContent = keys;
      this.help.appendChild(document.createElement("dd")).textContent = effect;
    }
    this.element = element;
  }

  listen() {
    const stage = this.stage.element;
    const options = { signal: (this.end = new AbortController()).signal };
    stage.addEventListener("pointerdown", (event) => this.press(event), options);
    stage.addEventListener("pointermove", (event) => this.move(event), options);
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, (event) => this.release(event), options);
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.stage.zoomBy(Math.exp(-event.deltaY / 500), event.clientX, event.clientY);
    }, { ...options, passive: false });
    this.element.addEventListener("keydown", (event) => this.key(event), options);
    this.sizes = new ResizeObserver(() => this.stage.photo && this.stage.fitFace(this.history.now.points));
    this.sizes.observe(stage);
    this.onPhoto = () => this.load();
    this.onSaved = () => this.confirm();
    this.model.on("change:photo", this.onPhoto);
    this.model.on("change:saved", this.onSaved);
  }

  close() {
    this.end.abort();
    this.sizes.disconnect();
    clearTimeout(this.waiting);
    this.model.off("change:photo", this.onPhoto);
    this.model.off("change:saved", this.onSaved);
    URL.revokeObjectURL(this.stage.image.src);
  }

  load() {
    const photo = this.model.get("photo");
    this.history = new History(photo.state);
    this.stage.show(photo, this.model.get("picture"));
    this.stage.fitFace(photo.state.points);
    this.stage.draw(this.history.now);
    this.choose(this.selected);
    this.count(photo.done);
    this.say(photo.message);
  }

  count(done) {
    const { index, total, name } = this.stage.photo;
    this.progress.textContent = `${index + 1} of ${total}, ${done} annotated: ${name}`;
  }

  say(text, wrong = false) {
    this.status.textContent = text;
    this.status.classList.toggle("wrong", wrong);
  }

  choose(id) {
    this.selected = id;
    this.stage.select(id);
  }

  turn(step) {
    const { index, total } = this.stage.photo;
    if (index + step < 0 || index + step >= total) return this.say(step > 0 ? "this is the last photo" : "this is the first photo");
    this.model.send({ show: index + step });
  }

  save() {
    const message = { ...this.history.now, index: this.stage.photo.index };
    message.saving = this.sent = Date.now();
    this.model.send(message);
    this.say("saving …");
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.say("NOT SAVED: the kernel does not answer", true), ACKNOWLEDGED_WITHIN);
  }

  confirm() {
    const { saving, text, wrong, done } = this.model.get("saved");
    if (saving !== this.sent) return;
    clearTimeout(this.waiting);
    if (done) this.count(done);
    this.say(text, wrong);
  }

  // Change the points, show and save them.
  edit(change) {
    if (this.history.change(change)) {
      this.stage.draw(this.history.now);
      this.save();
    }
  }

  travel(direction) {
    if (!this.history[direction]()) return;
    this.stage.draw(this.history.now);
    this.save();
  }

  put(state, id, [x, y]) {
    const [side, edge] = id.split(" ");
    const iris = state.irises[side];
    if (edge) iris[2] = Math.max(Math.hypot(x - iris[0], y - iris[1]), 1);
    else if (iris) [iris[0], iris[1]] = [x, y];
    else state.points[Number(id)] = [x, y];
  }

  nudge(dx, dy) {
    const place = this.stage.place(this.selected, this.history.now);
    if (place) this.edit((state) => this.put(state, this.selected, [place[0] + dx, place[1] + dy]));
  }

  reset(wholeGroup) {
    const { detected, groups } = this.stage.photo;
    const [side] = this.selected.split(" ");
    this.edit((state) => {
      if (side in detected.irises) state.irises[side] = detected.irises[side] && [...detected.irises[side]];
      else {
        const point = Number(this.selected);
        const members = wholeGroup ? groups.find((group) => group.includes(point)) : [point];
        for (const i of members) state.points[i] = [...detected.points[i]];
      }
    });
  }

  closeEye() {
    const [side] = this.selected.split(" ");
    this.edit((state) => { if (side in state.irises) state.irises[side] = null; });
  }

  // Each point's partner, mirrored at the line through the middle of the outer eye corners, at right angles to them.
  toggleGhosts() {
    const shown = this.stage.ghosts.getAttribute("visibility") === "visible";
    this.stage.ghosts.setAttribute("visibility", shown ? "hidden" : "visible");
    const { points } = this.history.now;
    const [[ax, ay], [bx, by]] = [points[36], points[45]];
    const length = Math.hypot(bx - ax, by - ay);
    const [ux, uy, mx, my] = [(bx - ax) / length, (by - ay) / length, (ax + bx) / 2, (ay + by) / 2];
    this.stage.drawGhosts(points.map(([x, y]) => {
      const along = 2 * ((x - mx) * ux + (y - my) * uy);
      return [x - along * ux, y - along * uy];
    }));
  }

  press(event) {
    this.element.focus({ preventScroll: true });
    this.stage.element.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const id = event.target.closest?.("[data-handle]")?.dataset.handle;
    if (this.pointers.size > 1) this.drag = { pinch: this.spread() };
    else if (id !== undefined) {
      this.choose(id);
      const [x, y] = this.stage.toPhoto(event.clientX, event.clientY);
      const place = this.stage.place(id, this.history.now);
      this.drag = { id, before: clone(this.history.now), offset: [place[0] - x, place[1] - y] };
    } else this.drag = { from: [event.clientX, event.clientY], view: { ...this.stage.view } };
  }

  spread() {
    const [[ax, ay], [bx, by]] = [...this.pointers.values()];
    return { size: Math.hypot(bx - ax, by - ay), x: (ax + bx) / 2, y: (ay + by) / 2 };
  }

  move(event) {
    if (!this.pointers.has(event.pointerId) || !this.drag) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.drag.pinch && this.pointers.size > 1) {
      const now = this.spread();
      this.stage.zoomBy(now.size / this.drag.pinch.size, now.x, now.y);
      this.drag.pinch = now;
    } else if (this.drag.id !== undefined) {
      const [x, y] = this.stage.toPhoto(event.clientX, event.clientY);
      this.put(this.history.now, this.drag.id, [x + this.drag.offset[0], y + this.drag.offset[1]]);
      this.stage.draw(this.history.now, this.drag.id);
    } else if (this.drag.from) {
      const { x, y, zoom } = this.drag.view;
      const [fromX, fromY] = this.drag.from;
      this.stage.look(x - (event.clientX - fromX) / zoom, y - (event.clientY - fromY) / zoom, zoom);
    }
  }

  release(event) {
    this.pointers.delete(event.pointerId);
    const { id, before } = this.drag ?? {};
    this.drag = null;
    if (id === undefined) return;
    const after = this.history.now;
    this.history.now = before;
    this.edit((state) => Object.assign(state, clone(after)));
  }

  key(event) {
    const step = event.shiftKey ? 0.1 : event.altKey ? 10 : 1;
    const ids = [...this.stage.handles.keys()];
    const beside = (by) => this.choose(ids[(ids.indexOf(this.selected) + by + ids.length) % ids.length]);
    const control = event.ctrlKey || event.metaKey;
    const action = control
      ? { z: () => this.travel(event.shiftKey ? "redo" : "undo"), y: () => this.travel("redo") }
      : {
        ArrowLeft: () => this.nudge(-step, 0), ArrowRight: () => this.nudge(step, 0),
        ArrowUp: () => this.nudge(0, -step), ArrowDown: () => this.nudge(0, step),
        ".": () => beside(1), ",": () => beside(-1), r: () => this.reset(false), g: () => this.reset(true),
        m: () => this.toggleGhosts(), Delete: () => this.closeEye(), "+": () => this.stage.zoomMiddle(1.25),
        "-": () => this.stage.zoomMiddle(0.8), "0": () => this.stage.fit(), "]": () => this.turn(1), "[": () => this.turn(-1),
        "?": () => { this.help.hidden = !this.help.hidden; },
      };
    const act = action[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}

export default {
  render({ model, el }) {
    const annotator = new Annotator(model, el.appendChild(document.createElement("div")));
    return () => annotator.close();
  },
};
