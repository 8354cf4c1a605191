import pc from "picocolors";

/** Time between two pictures of the moving line, in milliseconds. */
const FRAME = 100;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/**
 * Shows work that goes on side by side: a line for each piece that is done, with its time, and on a terminal one more,
 * moving, for what is under way.
 */
export class Progress {
    private readonly underWay = new Map<string, number>();
    private timer: NodeJS.Timeout | undefined;
    private frame = 0;

    constructor(private readonly stream: NodeJS.WriteStream = process.stdout) {}

    /** Runs a piece of work and shows it. */
    async during<T>(title: string, work: () => Promise<T>): Promise<T> {
        const begun = Date.now();
        this.underWay.set(title, begun);
        this.start();
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
                this.end();
            }
        }
    }

    /** Says something beside the work, about it. */
    note(text: string): void {
        this.line(pc.yellow(`  ${text}`));
    }

    private start(): void {
        if (this.stream.isTTY) {
            this.timer ??= setInterval(() => {
                this.draw();
            }, FRAME);
        }
    }

    private end(): void {
        clearInterval(this.timer);
        this.timer = undefined;
        this.erase();
    }

    private line(text: string): void {
        this.erase();
        this.stream.write(`${text}\n`);
    }

    private draw(): void {
        this.frame = (this.frame + 1) % FRAMES.length;
        const now = Date.now();
        const titles = [...this.underWay].map(([title, begun]) => `${title} ${seconds(now - begun)}`).join(", ");
        const text = `${FRAMES[this.frame] ?? ""} ${titles}`;
        const width = this.stream.columns || 80;
        this.erase();
        this.stream.write(pc.cyan(text.length < width ? text : `${text.slice(0, width - 2)}…`));
    }

    private erase(): void {
        if (this.stream.isTTY) {
            this.stream.clearLine(0);
            this.stream.cursorTo(0);
        }
    }
}

function seconds(milliseconds: number): string {
    return `${(milliseconds / 1000).toFixed(1)} s`;
}
