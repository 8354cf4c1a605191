import { refusePlainCredentials } from "./plainCredentials";

const PASSWORD = "marker";
const secure = { secure: "v1:encrypted" };
const refuse =
    (images: object, istio: object = {}) =>
    () => {
        refusePlainCredentials("work", { config: { "bookinfo-mesh:images": images, istio } });
    };

describe("A3, A4: credentials in clear text in a stack's file", () => {
    it("are refused before the engine copies them into its history, each with the command that encrypts it", () => {
        const chartCredentials = { username: secure, password: PASSWORD };
        const refused = refuse(
            { dockerConfig: { auths: { "mirror.example.com": { auth: PASSWORD } } } },
            { chartCredentials },
        );
        expect(refused).toThrow(/Pulumi\.work\.yaml has credentials in clear text/);
        expect(refused).toThrow("  pulumi config set --stack work --secret --path images.dockerConfig < FILE");
        expect(refused).toThrow("  pulumi config set --stack work --secret --path istio.chartCredentials.password");
        expect(refused).not.toThrow(new RegExp(`${PASSWORD}|chartCredentials\\.username`));
    });

    it("are no matter if they are encrypted, or if there are none", () => {
        const kiali = { chartCredentials: { username: secure, password: secure } };
        expect(refuse({ mirror: "mirror.example.com", dockerConfig: secure }, { kiali })).not.toThrow();
        expect(refuse({ dockerConfig: { auths: { host: { auth: secure } } } })).not.toThrow();
        expect(refuse(secure, secure)).not.toThrow();
        expect(refuse({})).not.toThrow();
        expect(() => {
            refusePlainCredentials("work", undefined);
        }).not.toThrow();
    });
});
