// A brush that paints strokes over the photo: they add to the figure, or take away from it.
const COLOURS = { add: props.add, erase: props.erase };
const [image, canvas, sheet] = ["img", "canvas", ".sheet"].map((name) => element.querySelector(name));
const [size, cursor, empty] = ["input", ".cursor", ".empty"].map((name) => element.querySelector(name));
const pen = canvas.getContext("2d");
let strokes = [];
let stroke = null;
let tool = "add";
let spot = null;

const scale = () => canvas.width / canvas.clientWidth;

function redraw() {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.lineCap = pen.lineJoin = "round";
  for (const { colour, width, points } of strokes) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    points.forEach(([x, y], number) => (number ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.lineTo(...points[0].map((at, axis) => (points.length > 1 ? points.at(-1)[axis] : at + 0.01)));
    pen.stroke();
  }
}

function send() {
  trigger("input", { strokes: strokes.length ? canvas.toDataURL("image/png") : "" });
}

function begin(point) {
  stroke = { colour: COLOURS[tool], width: size.value * scale(), points: [point] };
  strokes.push(stroke);
  redraw();
}

function at(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * scale(), (event.clientY - box.top) * scale()];
}

function follow([x, y]) {
  cursor.hidden = false;
  cursor.style.width = cursor.style.height = size.value + "px";
  cursor.style.left = x / scale() + "px";
  cursor.style.top = y / scale() + "px";
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  begin(at(event));
});
canvas.addEventListener("pointermove", (event) => {
  follow(at(event));
  if (!stroke) return;
  stroke.points.push(at(event));
  redraw();
});
for (const end of ["pointerup", "pointercancel"])
  canvas.addEventListener(end, () => {
    if (stroke) send();
    stroke = null;
  });
canvas.addEventListener("pointerleave", () => (cursor.hidden = true));
canvas.addEventListener("blur", () => (cursor.hidden = true));

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
canvas.addEventListener("keydown", (event) => {
  if (!MOVES[event.key] && event.key !== " ") return;
  event.preventDefault();
  spot ??= [canvas.width / 2, canvas.height / 2];
  if (event.key === " ") {
    begin([...spot]);
    stroke = null;
    send();
  } else {
    const reach = (size.value / 3) * scale();
    const limits = [canvas.width, canvas.height];
    spot = spot.map((value, axis) => Math.min(limits[axis], Math.max(0, value + MOVES[event.key][axis] * reach)));
  }
  follow(spot);
});

element.querySelectorAll("button").forEach((button) =>
  button.addEventListener("click", () => {
    if (button.dataset.tool === "undo") {
      strokes.pop();
      redraw();
      send();
      return;
    }
    tool = button.dataset.tool;
    for (const other of element.querySelectorAll("[aria-pressed]"))
      other.setAttribute("aria-pressed", other === button);
  })
);

function show() {
  const { photo = "", fresh = false } = props.value || {};
  sheet.hidden = !photo;
  empty.hidden = !!photo;
  if (fresh) strokes = [];
  image.onload = () => {
    if (canvas.width !== image.naturalWidth || canvas.height !== image.naturalHeight) {
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      spot = null;
    }
    redraw();
  };
  image.src = photo;
}
watch("value", show);
