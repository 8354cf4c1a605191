import pc from "picocolors";

/** Time between two frames of the moving line, in milliseconds. */
const FRAME = 100;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Time between two lines without a terminal, in milliseconds. */
const LINE_INTERVAL = 10_000;

/** A line at the bottom of a terminal that is drawn again and again. Without a terminal it is printed from time to time. */
export class MovingLine {
    private timer: NodeJS.Timeout | undefined;
    private frame = 0;

    /** @param text called for each drawing */
    constructor(
        private readonly stream: NodeJS.WriteStream,
        private readonly text: () => string,
    ) {}

    start(): void {
        const { isTTY } = this.stream;
        this.timer ??= setInterval(
            () => {
                if (isTTY) {
                    this.draw();
                } else {
                    this.stream.write(`${this.text()}\n`);
                }
            },
            isTTY ? FRAME : LINE_INTERVAL,
        );
    }

    end(): void {
        clearInterval(this.timer);
        this.timer = undefined;
        this.erase();
    }

    erase(): void {
        if (this.stream.isTTY) {
            this.stream.clearLine(0);
            this.stream.cursorTo(0);
        }
    }

    private draw(): void {
        this.frame = (this.frame + 1) % FRAMES.length;
        const text = `${FRAMES[this.frame] ?? ""} ${this.text()}`;
        const width = this.stream.columns || 80;
        this.erase();
        this.stream.write(pc.cyan(text.length < width ? text : `${text.slice(0, width - 2)}…`));
    }
}

/**
 * Shows work that runs at the same time: a line with the time for each finished piece, and a moving line for the current
 * pieces.
 */
export class Progress {
    private readonly current = new Map<string, number>();
    private readonly moving: MovingLine;

    constructor(private readonly stream: NodeJS.WriteStream = process.stdout) {
        this.moving = new MovingLine(stream, () =>
            [...this.current].map(([title, begun]) => `${title} ${secondsSince(begun)}`).join(", "),
        );
    }

    async during<T>(title: string, work: () => Promise<T>): Promise<T> {
        const begun = Date.now();
        this.current.set(title, begun);
        this.moving.start();
        let mark = pc.red("✗");
        try {
            const result = await work();
            mark = pc.green("✓");
            return result;
        } finally {
            this.line(`${mark} ${title} ${pc.dim(secondsSince(begun))}`);
            this.current.delete(title);
            if (this.current.size === 0) {
                this.moving.end();
            }
        }
    }

    note(text: string): void {
        this.line(pc.yellow(`  ${text}`));
    }

    private line(text: string): void {
        this.moving.erase();
        this.stream.write(`${text}\n`);
    }
}

/** For people: `1.2 s`. */
function secondsSince(begun: number): string {
    return `${((Date.now() - begun) / 1000).toFixed(1)} s`;
}
