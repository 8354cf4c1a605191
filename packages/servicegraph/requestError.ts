/** A request that cannot be answered. The client gets the HTTP status and the message. */
export class RequestError extends Error {
    override readonly name = "RequestError";

    /**
     * @param status 400: a bad parameter; 502: Prometheus is down or its answer is invalid; 503: too many requests at once, or a graph
     * that is too large; 504: Prometheus is too slow; 507: too many added nodes
     */
    constructor(
        readonly status: 400 | 502 | 503 | 504 | 507,
        message: string,
    ) {
        super(message);
    }
}
