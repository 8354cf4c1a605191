/** The facts that decide whether a browser is useful. */
export interface Environment {
    platform: NodeJS.Platform;
    env: NodeJS.ProcessEnv;
    /** Whether standard output is a terminal, so that somebody looks at it. */
    terminal: boolean;
}

/** Whether the person who runs the command would see a browser that opens on this machine. */
export function hasBrowser({ platform, env, terminal }: Environment): boolean {
    if (!terminal || env.CI || env.SSH_CONNECTION || env.SSH_TTY) {
        return false;
    }
    return platform !== "linux" || Boolean(env.DISPLAY ?? env.WAYLAND_DISPLAY ?? env.WSL_DISTRO_NAME);
}

/** Opens a page in the browser. A failure is not reported, because the address is printed anyway. */
export async function openBrowser(url: string): Promise<void> {
    try {
        const { default: open } = await import("open");
        (await open(url)).on("error", () => undefined);
    } catch {
        // See above.
    }
}
