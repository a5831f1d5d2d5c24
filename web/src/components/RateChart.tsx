import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { rate } from '../format/numbers';
import type { Sample } from '../status/history';
import { useTheme } from './theme';

const HEIGHT = 220;
/** Of the time that is shown: a minute while there is little yet, so that a new page is not an empty one. */
const MIN_SECONDS = 60;
const MAX_SECONDS = 300;

function colour(name: string) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function timeRange(first: number | null, last: number | null): [number, number] {
  const end = last ?? Date.now() / 1000;
  const seconds = Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, end - (first ?? end)));
  return [end - seconds, end];
}

function makeChart(element: HTMLElement, data: uPlot.AlignedData, onPoint: (index: number | null) => void): uPlot {
  const axis = {
    stroke: colour('--text-soft'),
    grid: { stroke: colour('--chart-grid'), width: 1 },
    ticks: { show: false },
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
  };
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      hooks: { setCursor: [(chart) => onPoint(chart.cursor.idx ?? null)] },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: true, range: (_chart, min, max) => timeRange(min, max) },
        y: { range: (_chart, _min, max) => [0, Math.max(1, (max ?? 0) * 1.15)] },
      },
      axes: [
        { ...axis, space: 70, values: (_chart, splits) => splits.map(clock) },
        { ...axis, size: 54, space: 36, values: (_chart, splits) => splits.map((value) => rate(value)) },
      ],
      series: [
        {},
        { label: 'accepted', stroke: colour('--chart-accepted'), width: 2, points: { show: false } },
        // Dashes tell the lines apart without their colours.
        { label: 'delivered', stroke: colour('--chart-delivered'), width: 2, dash: [6, 3], points: { show: false } },
      ],
    },
    data,
    element,
  );
}

const said = (value: number | null | undefined) => (value == null ? '–' : `${rate(value)}/s`);

function clock(seconds: number) {
  return new Date(seconds * 1000).toLocaleTimeString('en-GB');
}

/** Accepted and delivered events a second over the last minutes. The figures beside it say the same to screen readers. */
export function RateChart({ samples }: { samples: readonly Sample[] }) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [point, setPoint] = useState<number | null>(null);
  const theme = useTheme();
  const data: uPlot.AlignedData = [
    samples.map((each) => each.at),
    samples.map((each) => each.accepted),
    samples.map((each) => each.delivered),
  ];
  useEffect(() => {
    const place = element.current!;
    const made = makeChart(place, data, setPoint);
    chart.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: HEIGHT }));
    watch.observe(place);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [theme]);
  useEffect(() => chart.current?.setData(data), [samples]);
  const latest = samples.at(-1);
  const now =
    latest?.accepted != null ? `Now: ${said(latest.accepted)} accepted and ${said(latest.delivered)} delivered.` : '';
  // What the pointer is at, else the latest.
  const shown = (point === null ? undefined : samples[point]) ?? latest;
  return (
    <figure>
      <div
        ref={element}
        className="chart"
        role="img"
        aria-label={`Events a second over the last five minutes. ${now}`}
      />
      <figcaption className="legend small" aria-hidden="true">
        <span className="legend-accepted">accepted {said(shown?.accepted)}</span>
        <span className="legend-delivered">delivered {said(shown?.delivered)}</span>
        <span className="number">{shown && clock(shown.at)}</span>
      </figcaption>
    </figure>
  );
}
