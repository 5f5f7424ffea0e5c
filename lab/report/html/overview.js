// The headline: in how many functions Mayfly is faster, by how much, and where it is slower.

const ours = report.environments.filter((environment) => environment.runtime === "mayfly");
const subjectOf = () => ours.find((e) => isAot(e) && e.engine === "wasmtime") ?? ours.find(isAot) ??
  ours.find((e) => !isNative(e)) ?? ours[0];
const nativeOurs = ours.find(isNative);
const rivals = report.environments.filter((e) => isNative(e) && e.runtime === "runc" &&
  (e.image === "distroless" || e.image === "debian"));
const opponents = () => (rivals.length > 0 ? rivals.map((e) => e.name) : report.baselines.slice(0, 2));

// An environment against a baseline over all functions at the paper's size of work.
function standing(subject, baseline) {
  const items = report.functions.map((fn) => ({fn, ratio: cell(fn, subject)?.over[baseline]}))
    .filter((item) => item.ratio);
  const count = (what) => items.filter((item) => verdict(item.ratio) === what).length;
  return {subject, baseline, items, faster: count("faster"), slower: count("slower"), open: count("open"),
    unknown: count("unknown"), mean: items.length ? geometricMean(items.map((item) => item.ratio.ratio)) : null};
}

function claim(standing, text) {
  const {faster, items, slower, open, unknown, mean} = standing;
  const rest = [slower && `slower on ${slower}`, open && `no difference shown on ${open}`,
    unknown && `too few runs on ${unknown}`].filter(Boolean).join(", ");
  return element("div", {class: "claim"},
    element("p", {class: "big"}, `${faster} `, element("small", {}, `of ${items.length} functions`)),
    element("p", {}, text),
    element("p", {class: "ratio"}, `${fixed(mean)} × its time (geometric mean)${rest ? `; ${rest}` : ""}`));
}

function addLosses(standings) {
  const box = document.getElementById("losses");
  const losses = standings.map((one) => ({...one, items: one.items.filter((item) => verdict(item.ratio) === "slower")}))
    .filter((one) => one.items.length > 0);
  const count = losses.reduce((sum, one) => sum + one.items.length, 0);
  box.classList.add(count ? "some" : "none");
  box.append(element("h2", {}, count ? `Where Mayfly is slower (${count})` : "Where Mayfly is slower"));
  if (count === 0) box.append(element("p", {}, "Nowhere that the intervals show, among the comparisons above."));
  for (const one of losses) {
    box.append(element("p", {}, `${label(one.subject)} over ${label(one.baseline)}, ratio of medians with its 95 % interval:`),
      element("ul", {}, ...one.items.map((item) => element("li", {}, `${item.fn} ${ratioText(item.ratio)}`))));
  }
}

// Without a measurement of Mayfly, the paper's count is the headline.
function addRule() {
  document.getElementById("losses").remove();
  const wins = report.wins_by_mean;
  if (wins.length === 0) return;
  const ratios = wins.map((win) => win.wasm_ms / win.container_ms);
  document.getElementById("claims").append(element("div", {class: "claim"},
    element("p", {class: "big"}, `${ratios.filter((ratio) => ratio < 1).length} `, element("small", {}, `of ${wins.length} functions`)),
    element("p", {}, "The best AOT engine is faster than the best container"),
    element("p", {class: "ratio"}, `${fixed(geometricMean(ratios))} × its time (geometric mean of means)`)));
}

function addHeadline() {
  const details = [...report.details, `${report.measured_runs} measured runs, ${report.warm_up_runs} warm-up runs, ` +
    `${report.failed_runs} failed`];
  document.getElementById("details").textContent = `${details.join("; ")}.`;
  const subject = subjectOf();
  const standings = [];
  if (subject) {
    for (const rival of opponents()) {
      if (rival === subject.name) continue;
      standings.push([standing(subject.name, rival), `${label(subject.name)} is faster than ${label(rival)}`]);
    }
  }
  if (nativeOurs && rivals.length > 0) {
    standings.push([standing(nativeOurs.name, rivals[0].name), `${label(nativeOurs.name)} is faster than ${label(rivals[0].name)}`]);
  }
  if (nativeOurs && subject && !isNative(subject)) {
    standings.push([standing(subject.name, nativeOurs.name),
      `${label(subject.name)} is faster than the same program native: ${label(nativeOurs.name)}`]);
  }
  const shown = standings.filter(([one]) => one.items.length > 0);
  document.getElementById("claims").append(...shown.map(([one, text]) => claim(one, text)));
  if (shown.length > 0) addLosses(shown.map(([one]) => one));
  else addRule();
  if (report.failures.length > 0) {
    document.getElementById("headline").append(element("details", {class: "missing"},
      element("summary", {}, `${report.failed_runs} runs failed: they are counted, and not in the statistics`),
      element("ul", {}, ...report.failures.map((failure) => element("li", {}, failure)))));
  }
  if (subject) addForest(subject, opponents().filter((name) => name !== subject.name));
}

function addForest(subject, baselines) {
  const all = nativeOurs && !isNative(subject) ? [...baselines, nativeOurs.name] : baselines;
  const rows = () => report.functions.flatMap((fn) => all.map((baseline) => ({fn, baseline,
    ratio: cell(fn, subject.name)?.over[baseline], n: cell(fn, subject.name)?.n}))).filter((row) => row.ratio);
  if (rows().length === 0) return;
  new Figure(document.getElementById("headline"), {
    id: "ratios", title: `${label(subject.name)}: its time over that of others`,
    note: "Ratio of medians with its 95 % interval; left of 1 is faster. Logarithmic axis.",
    rows,
    columns: [
      {title: "function", left: true, value: (row) => row.fn},
      {title: "compared with", left: true, value: (row) => row.baseline, text: (row) => label(row.baseline)},
      {title: "ratio", value: (row) => row.ratio.ratio, text: (row) => fixed(row.ratio.ratio),
        tone: (row) => ({faster: "good", slower: "bad"})[verdict(row.ratio)]},
      {title: "low", value: (row) => row.ratio.interval?.[0], text: (row) => fixed(row.ratio.interval?.[0])},
      {title: "high", value: (row) => row.ratio.interval?.[1], text: (row) => fixed(row.ratio.interval?.[1])},
      {title: "finding", left: true, value: (row) => verdict(row.ratio)},
      {title: "n", value: (row) => row.n},
    ],
    height: () => 80 + report.functions.length * Math.max(26, 12 * all.length),
    chart: ({colours, rows, width}) => {
      const functions = [...report.functions].reverse();
      const shift = (index) => (index - (all.length - 1) / 2) * 10;
      const symbols = ["circle", "rect", "diamond", "triangle"];
      const [lows, highs] = [0, 1].map((end) => rows.map((row) => row.ratio.interval?.[end] ?? row.ratio.ratio));
      const series = all.flatMap((baseline, index) => {
        const data = rows.filter((row) => row.baseline === baseline);
        const colour = colourOf(baseline);
        return [
          {type: "scatter", name: label(baseline), symbol: symbols[index % 4], symbolSize: 9, symbolOffset: [0, shift(index)],
            itemStyle: {color: colour, borderColor: colours.text, borderWidth: 0.7},
            data: data.map((row) => ({value: [row.ratio.ratio, functions.indexOf(row.fn)], row})),
            ...(index === 0 ? {markLine: {silent: true, symbol: "none", label: {show: false},
              lineStyle: {color: colours.text, type: "solid", width: 1.5}, data: [{xAxis: 1}]}} : {})},
          whiskers(data.filter((row) => row.ratio.interval).map((row) =>
            [functions.indexOf(row.fn), ...row.ratio.interval, shift(index)]), colour, 0, 3),
        ];
      });
      return {
        legend: {...legendStyle(colours), data: all.map((name) => label(name))},
        grid: {left: 4, right: 24, top: 34, bottom: 30, containLabel: true},
        tooltip: tooltip(colours, ({data}) => `<b>${html(data.row.fn)}</b><br>÷ ${html(label(data.row.baseline))}: ` +
          `${ratioText(data.row.ratio)}, n ${data.row.n}`),
        xAxis: {type: "log", logBase: 2, name: width > 500 ? "ratio of medians" : "", nameLocation: "middle", nameGap: 26,
          ...axisStyle(colours), axisLabel: {color: colours.quiet, formatter: (v) => number(v)},
          min: 2 ** Math.floor(Math.log2(Math.min(0.5, ...lows))), max: 2 ** Math.ceil(Math.log2(Math.max(2, ...highs)))},
        yAxis: {type: "category", data: functions, ...axisStyle(colours), axisTick: {show: false},
          splitLine: {show: true, lineStyle: {color: colours.line, type: "dotted"}}},
        series,
      };
    },
  });
}

function addWins() {
  if (report.wins_by_mean.length === 0) return;
  const section = addSection("wins", "Wins", "The paper's rule: a function is won by Wasm when the best of the AOT " +
    "environments is below the best of the two container images. The paper counts means, in 10 of 13 functions.");
  const count = (wins) => wins.filter((win) => win.wasm_ms < win.container_ms).length;
  section.append(element("p", {}, `Wasm wins ${count(report.wins_by_mean)} of ${report.wins_by_mean.length} by means and ` +
    `${count(report.wins_by_median)} of ${report.wins_by_median.length} by medians.`));
  const rows = report.wins_by_mean.map((win) => ({...win,
    medians: report.wins_by_median.find((other) => other.function === win.function)}));
  const ratio = (win) => (win ? win.wasm_ms / win.container_ms : null);
  const tone = (value) => (value === null ? undefined : value < 1 ? "good" : "bad");
  new Figure(section, {id: "wins-table", title: "Best AOT environment against best container", rows: () => rows, columns: [
    {title: "function", left: true, value: (row) => row.function},
    {title: "best AOT", left: true, value: (row) => row.wasm, text: (row) => label(row.wasm)},
    {title: "mean", value: (row) => row.wasm_ms, text: (row) => milliseconds(row.wasm_ms)},
    {title: "best container", left: true, value: (row) => row.container, text: (row) => label(row.container)},
    {title: "mean of it", value: (row) => row.container_ms, text: (row) => milliseconds(row.container_ms)},
    {title: "ratio of means", value: ratio, text: (row) => fixed(ratio(row)), tone: (row) => tone(ratio(row))},
    {title: "ratio of medians", value: (row) => ratio(row.medians), text: (row) => fixed(ratio(row.medians)),
      tone: (row) => tone(ratio(row.medians))},
  ]});
  const best = new Map();
  for (const win of report.wins_by_mean) best.set(win.wasm, [...(best.get(win.wasm) ?? []), win.function]);
  new Figure(section, {id: "best-engine", title: "Which environment is the fastest of the AOT ones",
    rows: () => [...best].map(([name, functions]) => ({name, functions})).sort((a, b) => b.functions.length - a.functions.length),
    columns: [
      {title: "environment", left: true, value: (row) => row.name, text: (row) => label(row.name)},
      {title: "functions", value: (row) => row.functions.length},
      {title: "which", left: true, wrap: true, value: (row) => row.functions.join(", ")},
    ]});
}
