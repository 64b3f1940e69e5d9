// The styles that ship with the project, to choose one of.
element.addEventListener("change", (event) => {
  props.value = event.target.value;
  trigger("input");
});
function show() {
  for (const choice of element.querySelectorAll("input")) choice.checked = choice.value === props.value;
}
watch("value", show);
show();
