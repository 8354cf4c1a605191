import { UserError } from "../shared/errors";

/** An answer of the API server other than success. */
export class ApiError extends UserError {
    constructor(
        /** HTTP status; 0 if there was no answer. */
        readonly status: number,
        message: string,
        /** `cause` is the error of the connection. */
        options?: ErrorOptions,
    ) {
        super(message, options);
    }
}

/** What a request gives; undefined if the user may not make it. */
export async function unlessForbidden<T>(request: () => Promise<T>): Promise<T | undefined> {
    try {
        return await request();
    } catch (error) {
        if (error instanceof ApiError && error.status === 403) {
            return undefined;
        }
        throw error;
    }
}

/** What a request gives; undefined if what it asks for does not exist. */
export async function unlessMissing<T>(request: () => Promise<T>): Promise<T | undefined> {
    try {
        return await request();
    } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
            return undefined;
        }
        throw error;
    }
}

/**
 * Whether an error may disappear without action: the API server does not answer, is overloaded, or fails. A restarting
 * control plane and a webhook that does not run yet cause such errors.
 */
export function isTransient(error: unknown): error is ApiError {
    return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}
