/** The number of a project, in place of its id. */
export function isNumeric(project: string): boolean {
    return /^\d+$/.test(project);
}

/**
 * The id of the project in which a service account was made, from the account's email. A project of a domain has its parts in another
 * order there (https://cloud.google.com/iam/docs/service-account-types#user-managed).
 * @throws Error if the email is that of another kind of account
 */
export function projectOf(email: string): string {
    const [, name, domain] = /^[^@]+@([^.]+)(?:\.(.+))?\.iam\.gserviceaccount\.com$/.exec(email) ?? [];
    if (name === undefined) {
        throw new Error(`${email} does not name a project`);
    }
    return domain === undefined ? name : `${domain}:${name}`;
}
