import { LineChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { ScalingReport } from './scaling-tally.ts';

const [WIDTH, HEIGHT] = [900, 640];
/** Top of each of the three plots, and their height. */
const TOPS = [50, 250, 450];
const PLOT_HEIGHT = 140;
const SECONDS = 60;

use([LineChart, GridComponent, TitleComponent, SVGRenderer]);

/** Load, replicas and latency by minute, as an SVG document. `withinMs` is drawn as the limit. */
export function chartOf(title: string, { minutes }: ScalingReport, withinMs: number): string {
  const plots = [
    { name: 'requests/s', values: minutes.map(({ offered }) => offered / SECONDS), isStep: false },
    { name: 'replicas', values: minutes.map(({ replicas }) => replicas), isStep: true },
    {
      name: `p99 latency in ms (limit ${withinMs})`,
      values: minutes.map(({ p99Ms }) => p99Ms),
      isStep: false,
    },
  ];
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    title: { text: title, left: 'center' },
    grid: TOPS.map((top) => ({ top, height: PLOT_HEIGHT, left: 70, right: 30 })),
    xAxis: plots.map((_, gridIndex) => ({
      ...{ gridIndex, type: 'category', boundaryGap: false },
      data: minutes.map((_minute, index) => index),
      name: gridIndex === plots.length - 1 ? 'minutes' : '',
      nameLocation: 'middle',
      nameGap: 28,
    })),
    yAxis: plots.map(({ name }, gridIndex) => ({
      ...{ gridIndex, name, type: 'value', min: 0 },
      nameTextStyle: { align: 'left' },
    })),
    series: plots.map(({ values, isStep }, index) => ({
      ...{ type: 'line', data: values.map((value) => Number(value.toPrecision(5))), showSymbol: false },
      ...{ xAxisIndex: index, yAxisIndex: index, step: isStep ? 'end' : false },
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
