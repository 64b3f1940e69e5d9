// What is going on, in a line that screen readers announce.
const [line, bar] = ["p", "progress"].map((name) => element.querySelector(name));

function show() {
  const { text = "", step = 0, planned = 0, wrong = false } = props.value || {};
  line.textContent = text;
  line.classList.toggle("wrong", wrong);
  bar.hidden = !planned;
  [bar.max, bar.value] = [planned || 1, step];
}
watch("value", show);
show();
