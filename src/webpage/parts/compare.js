// The photo over the painting, up to a line that a slider moves.
const [before, after, sheet] = [".before", ".after", ".sheet"].map((name) => element.querySelector(name));
const [slider, empty] = ["input", ".empty"].map((name) => element.querySelector(name));

function cut() {
  sheet.style.setProperty("--cut", slider.value + "%");
}

function drag(event) {
  const box = sheet.getBoundingClientRect();
  slider.value = (100 * (event.clientX - box.left)) / box.width;
  cut();
}

slider.addEventListener("input", cut);
sheet.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  sheet.setPointerCapture(event.pointerId);
  drag(event);
});
sheet.addEventListener("pointermove", (event) => event.buttons && drag(event));

function show() {
  const { photo = "", painting = "" } = props.value || {};
  sheet.hidden = !painting;
  slider.disabled = !painting;
  empty.hidden = !!painting;
  before.src = photo;
  after.src = painting;
  cut();
}
watch("value", show);
show();
