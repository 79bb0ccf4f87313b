/** Many thin lines at the price of few strokes: one path per style. */

import type { Point } from "../trails.ts";
import type { Lens } from "./camera.ts";

export class Lines {
  private readonly paths = new Map<string, Path2D>();

  /** The path of a style; `dash` as canvas lengths with a space between. */
  path(colour: string, alpha: number, width: number, dash = ""): Path2D {
    const style = [colour, alpha, width, dash].join("|");
    const path = this.paths.get(style) ?? new Path2D();
    this.paths.set(style, path);
    return path;
  }

  /** A line through points at their heights, broken where the globe hides it. */
  add(colour: string, alpha: number, width: number, view: Lens, points: readonly Point[], dash = ""): void {
    const path = this.path(colour, alpha, width, dash);
    let drawing = false;
    for (const point of points) {
      const at = view.pixel(...point);
      if (at) path[drawing ? "lineTo" : "moveTo"](...at);
      drawing = at !== null;
    }
  }

  stroke(context: CanvasRenderingContext2D): void {
    for (const [style, path] of this.paths) {
      const [colour, alpha, width, dash] = style.split("|") as [string, string, string, string];
      context.strokeStyle = colour;
      context.globalAlpha = Number(alpha);
      context.lineWidth = Number(width);
      context.setLineDash(dash ? dash.split(" ").map(Number) : []);
      context.stroke(path);
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }
}
