import * as path from "node:path";

/** A path without doubled slashes, `.` and `..`, as Go's server redirects to it; a slash at the end stays. */
export function cleanPath(pathname: string): string {
    const absolute = pathname.startsWith("/") ? pathname : `/${pathname}`;
    // posix.normalize keeps a slash at the end, as Go's server does.
    return path.posix.normalize(absolute);
}
