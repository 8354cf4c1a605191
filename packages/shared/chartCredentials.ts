/** The user of a chart repository and the password or token. */
export interface ChartCredentials {
    username: string;
    password: string;
}
