import type { Box, Point, Size } from "../../layout/geometry";
import { LEAST_SCALE } from "../arrangement";

/** From this scale on, everything is shown. */
export const NEAR = 0.78;

/** From this scale on, boxes have one line of text, and are large enough for a finger. */
export const MIDDLE = LEAST_SCALE;

const SCALES = { least: 0.05, most: 4 };
const STEP = 1.4;

/** Shows a drawing in an element that scrolls. So fingers, wheels and scroll bars move it as they move any page. */
export class Viewport {
    scale = 1;
    private size: Size & { margin: number } = { width: 0, height: 0, margin: 0 };
    /** Whether the reader has chosen the scale. */
    private chosen = false;

    /** @param scaled called after each change of the scale */
    constructor(
        private readonly container: HTMLElement,
        private readonly drawing: SVGSVGElement,
        private readonly scaled: (scale: number) => void,
    ) {
        this.listen();
    }

    /** Shows a drawing of this size. Its origin is the upper left corner. */
    resize(size: Size & { margin: number }): void {
        this.size = size;
        const { width, height, margin } = size;
        this.drawing.setAttribute("viewBox", `${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`);
        if (this.chosen) {
            this.apply(this.scale);
        } else {
            this.start();
        }
    }

    /** Shows the whole drawing if its names can be read then; if not, its whole width; if not, a part of it. */
    start(): void {
        this.chosen = false;
        const readable = [this.whole(), this.wholeWidth()].find((scale) => scale >= MIDDLE);
        this.apply(readable ?? NEAR);
    }

    /** Shows the whole drawing. */
    fit(): void {
        this.chosen = true;
        this.apply(this.whole());
    }

    /** @param towards the point of the window that stays; the middle by default */
    zoom(factor: number, towards?: { clientX: number; clientY: number }): void {
        this.chosen = true;
        const area = this.container.getBoundingClientRect();
        const [x, y] = towards
            ? [towards.clientX, towards.clientY]
            : [area.left + area.width / 2, area.top + area.height / 2];
        const before = this.drawing.getBoundingClientRect();
        const scale = Math.min(SCALES.most, Math.max(Math.min(SCALES.least, this.whole()), this.scale * factor));
        const ratio = scale / this.scale;
        const [dx, dy] = [(x - before.left) * ratio, (y - before.top) * ratio];
        this.apply(scale);
        const after = this.drawing.getBoundingClientRect();
        this.container.scrollBy({ left: after.left + dx - x, top: after.top + dy - y, behavior: "instant" });
    }

    zoomIn(): void {
        this.zoom(STEP);
    }

    zoomOut(): void {
        this.zoom(1 / STEP);
    }

    /** Brings a box into the middle of the view, large enough to be read. */
    bring(box: Box): void {
        if (this.scale < MIDDLE) {
            this.chosen = true;
            this.apply(NEAR);
        }
        const place = this.placeOf(box);
        const area = this.container.getBoundingClientRect();
        this.container.scrollBy({
            left: place.x - area.left - area.width / 2,
            top: place.y - area.top - area.height / 2,
            behavior: "instant",
        });
    }

    /** Scrolls as little as possible, so that a box can be seen. */
    reveal(box: Box): void {
        const { x, y } = this.placeOf(box);
        const area = this.container.getBoundingClientRect();
        const beyond = (place: number, half: number, start: number, end: number) =>
            Math.min(0, place - half - start) + Math.max(0, place + half - end);
        const [halfWidth, halfHeight] = [(box.width * this.scale) / 2 + 8, (box.height * this.scale) / 2 + 8];
        this.container.scrollBy({
            left: beyond(x, halfWidth, area.left, area.right),
            top: beyond(y, halfHeight, area.top, area.bottom),
            behavior: "instant",
        });
    }

    /** Where a point of the drawing is in the window. */
    placeOf({ x, y }: Point): Point {
        const { left, top } = this.drawing.getBoundingClientRect();
        return { x: left + (x + this.size.margin) * this.scale, y: top + (y + this.size.margin) * this.scale };
    }

    /** Scrolls so that a point of the drawing is where it was. */
    keep(point: Point, before: Point): void {
        const now = this.placeOf(point);
        this.container.scrollBy({ left: now.x - before.x, top: now.y - before.y, behavior: "instant" });
    }

    private whole(): number {
        const { height, margin } = this.size;
        return Math.min(this.wholeWidth(), this.container.clientHeight / (height + 2 * margin));
    }

    private wholeWidth(): number {
        const { width, margin } = this.size;
        return Math.min(1, this.container.clientWidth / (width + 2 * margin));
    }

    private apply(scale: number): void {
        this.scale = scale;
        const { width, height, margin } = this.size;
        this.drawing.setAttribute("width", String(Math.floor((width + 2 * margin) * scale)));
        this.drawing.setAttribute("height", String(Math.floor((height + 2 * margin) * scale)));
        this.scaled(scale);
    }

    private listen(): void {
        const { container } = this;
        new ResizeObserver(() => {
            if (!this.chosen) {
                this.start();
            }
        }).observe(container);
        // Browsers report a pinch on a touchpad as a wheel with Ctrl. The wheel alone scrolls.
        container.addEventListener(
            "wheel",
            (event) => {
                if (event.ctrlKey || event.metaKey) {
                    event.preventDefault();
                    this.zoom(1.0015 ** -event.deltaY, event);
                }
            },
            { passive: false },
        );
        container.addEventListener("keydown", ({ key }) => {
            if (key === "+" || key === "=") {
                this.zoomIn();
            } else if (key === "-") {
                this.zoomOut();
            } else if (key === "0") {
                this.fit();
            }
        });
        this.listenForPinch();
        this.listenForMouse();
    }

    /** Two fingers zoom. One finger scrolls without help. */
    private listenForPinch(): void {
        let distance = 0;
        const read = ({ touches: [one, two] }: TouchEvent) => {
            if (!one || !two) {
                return undefined;
            }
            return {
                apart: Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY),
                clientX: (one.clientX + two.clientX) / 2,
                clientY: (one.clientY + two.clientY) / 2,
            };
        };
        this.container.addEventListener("touchstart", (event) => {
            distance = read(event)?.apart ?? 0;
        });
        this.container.addEventListener(
            "touchmove",
            (event) => {
                const fingers = read(event);
                if (fingers && distance > 0) {
                    event.preventDefault();
                    this.zoom(fingers.apart / distance, fingers);
                    distance = fingers.apart;
                }
            },
            { passive: false },
        );
    }

    /** A mouse drags the background. */
    private listenForMouse(): void {
        const { container } = this;
        container.addEventListener("pointerdown", (event) => {
            const onBox = event.target instanceof Element && event.target.closest("[role=button]");
            if (event.pointerType === "mouse" && event.button === 0 && !onBox && event.target !== container) {
                container.setPointerCapture(event.pointerId);
            }
        });
        container.addEventListener("pointermove", (event) => {
            if (container.hasPointerCapture(event.pointerId)) {
                container.scrollBy({ left: -event.movementX, top: -event.movementY, behavior: "instant" });
            }
        });
    }
}
