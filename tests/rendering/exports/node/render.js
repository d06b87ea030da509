// Renders one template a line: {"engine", "template", "data"} in, {"text"} or {"error"} out.
const readline = require("readline");
const { createRequire } = require("module");
const load = createRequire(process.argv[2] + "/");
const Handlebars = load("handlebars");
const { Liquid } = load("liquidjs");

const liquid = new Liquid({ strictFilters: true });
const engines = {
  handlebars: (template, data) => Handlebars.compile(template)(data),
  liquidjs: (template, data) => liquid.parseAndRenderSync(template, data),
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { engine, template, data } = JSON.parse(line);
  let answer;
  try {
    answer = { text: engines[engine](template, data) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
