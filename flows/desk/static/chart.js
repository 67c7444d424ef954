// Draws what `data-chart` holds: {foot, isTime, lines: [[name, values], …]}.
"use strict";

(() => {
  const HEIGHT = 240;
  const COLOURS = ["--volume", "--refused", "--waiting", "--good", "--accent", "--soft"];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw(element) {
    const { foot, isTime, lines } = JSON.parse(element.dataset.chart);
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { stroke: colour("--rule") }, font: "14px system-ui" };
    const labels = (chart, splits) => splits.map((at) => (Number.isInteger(at) && foot[at] !== undefined ? String(foot[at]).slice(0, 14) : ""));
    const day = uPlot.fmtDate("{D} {MMM}");
    const hour = uPlot.fmtDate("{D} {MMM} {HH}:{mm}");
    const moments = (chart, splits, number, space, step) => splits.map((at) => (step < 86400 ? hour : day)(uPlot.tzDate(new Date(at * 1e3), "UTC")));
    const series = lines.map(([name], position) => ({
      label: name,
      stroke: colour(COLOURS[position % COLOURS.length]),
      width: 2,
      points: { show: foot.length < 60 },
      ...(isTime ? {} : { paths: uPlot.paths.bars({ size: [0.6, 60] }), fill: colour(COLOURS[position % COLOURS.length]), points: { show: false } }),
    }));
    const options = {
      width: element.clientWidth,
      height: HEIGHT,
      tzDate: (moment) => uPlot.tzDate(new Date(moment * 1e3), "UTC"),
      scales: { x: { time: isTime, range: isTime ? undefined : () => [-0.5, foot.length - 0.5] }, y: { range: (chart, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
      axes: [isTime ? { ...axis, values: moments, space: 90 } : { ...axis, values: labels, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] }, { ...axis, size: 64 }],
      series: [isTime ? { label: "time", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" } : { label: "", value: (chart, at) => foot[at] ?? "" }, ...series],
    };
    const values = [isTime ? foot : foot.map((_, at) => at), ...lines.map(([, numbers]) => numbers)];
    element.replaceChildren();
    const chart = new uPlot(options, values, element);
    new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT })).observe(element);
  }

  const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
