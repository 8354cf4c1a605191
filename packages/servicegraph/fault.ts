/** A request that cannot be answered: the HTTP status and a sentence that says why, which is shown to whoever asked. */
export class Fault extends Error {
    override readonly name = "Fault";

    /**
     * @param status 400: a bad parameter; 502: Prometheus is down or answers nonsense; 503: too many requests at once;
     * 504: Prometheus is too slow; 507: too many nodes were added by hand
     */
    constructor(
        readonly status: 400 | 502 | 503 | 504 | 507,
        message: string,
    ) {
        super(message);
    }
}
