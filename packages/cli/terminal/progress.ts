import pc from "picocolors";

/** Time between two pictures of the moving line, in milliseconds. */
const FRAME = 100;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Time between two lines where they cannot be drawn anew, in milliseconds. */
const LINE_INTERVAL = 10_000;

/** One line at the bottom of a terminal that is drawn anew all the time. Anywhere else it is printed now and then. */
export class MovingLine {
    private timer: NodeJS.Timeout | undefined;
    private frame = 0;

    /** @param text what the line says when it is drawn */
    constructor(
        private readonly stream: NodeJS.WriteStream,
        private readonly text: () => string,
    ) {}

    start(): void {
        this.timer ??= this.stream.isTTY
            ? setInterval(() => {
                  this.draw();
              }, FRAME)
            : setInterval(() => {
                  this.stream.write(`${this.text()}\n`);
              }, LINE_INTERVAL);
    }

    end(): void {
        clearInterval(this.timer);
        this.timer = undefined;
        this.erase();
    }

    /** Makes room for a line that stays. */
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
 * Shows work that goes on side by side: a line for each piece that is done, with its time, and on a terminal one more,
 * moving, for what is under way.
 */
export class Progress {
    private readonly underWay = new Map<string, number>();
    private readonly moving: MovingLine;

    constructor(private readonly stream: NodeJS.WriteStream = process.stdout) {
        this.moving = new MovingLine(stream, () => {
            const now = Date.now();
            return [...this.underWay].map(([title, begun]) => `${title} ${seconds(now - begun)}`).join(", ");
        });
    }

    /** Runs a piece of work and shows it. */
    async during<T>(title: string, work: () => Promise<T>): Promise<T> {
        const begun = Date.now();
        this.underWay.set(title, begun);
        this.moving.start();
        try {
            const result = await work();
            this.line(`${pc.green("✓")} ${title} ${pc.dim(seconds(Date.now() - begun))}`);
            return result;
        } catch (error) {
            this.line(`${pc.red("✗")} ${title} ${pc.dim(seconds(Date.now() - begun))}`);
            throw error;
        } finally {
            this.underWay.delete(title);
            if (this.underWay.size === 0) {
                this.moving.end();
            }
        }
    }

    /** Says something beside the work, about it. */
    note(text: string): void {
        this.line(pc.yellow(`  ${text}`));
    }

    private line(text: string): void {
        this.moving.erase();
        this.stream.write(`${text}\n`);
    }
}

/** A time for people: `1.2 s`. */
export function seconds(milliseconds: number): string {
    return `${(milliseconds / 1000).toFixed(1)} s`;
}
