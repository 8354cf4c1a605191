/** Where a browser would appear, as far as the surroundings tell. */
export interface Surroundings {
    platform: NodeJS.Platform;
    env: NodeJS.ProcessEnv;
    /** Whether somebody is looking: standard output is a terminal. */
    terminal: boolean;
}

/** Whether a browser opened here would be seen by the person who typed the command. */
export function hasBrowser({ platform, env, terminal }: Surroundings): boolean {
    const remote = Boolean(env.SSH_CONNECTION ?? env.SSH_TTY);
    if (!terminal || env.CI || remote) {
        return false;
    }
    return platform !== "linux" || Boolean(env.DISPLAY ?? env.WAYLAND_DISPLAY ?? env.WSL_DISTRO_NAME);
}

/** Opens a page in the browser. That it cannot be opened is no fault: its address has been printed. */
export async function openBrowser(url: string): Promise<void> {
    try {
        const { default: open } = await import("open");
        (await open(url)).on("error", () => undefined);
    } catch {
        // As said.
    }
}
