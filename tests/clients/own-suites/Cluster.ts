// What the suites of the Node client start for a node of KurrentDB: our store server. Takes the
// place of `packages/test/src/utils/Cluster.ts`; a cluster, however large, is one node.
import { spawn, type ChildProcess } from "child_process";
import { mkdtempSync, readFileSync, rmSync } from "fs";
import { once } from "events";
import { tmpdir } from "os";
import { join } from "path";
import { createInterface } from "readline";

import type { Certificate, EndPoint } from "@kurrent/kurrentdb-client";

// What the runner has made ready: the server's program, and certificates by an authority.
const program = process.env.LAUREL_STORE_SERVER!;
const certificates = process.env.LAUREL_CERTIFICATES!;

interface Features {
  defaultUserCredentials?: { username: string; password: string };
  nodePreference?: string;
  userCertificates?: "valid" | "invalid";
  maxDiscoverAttempts?: number;
  discoveryInterval?: number;
  endpoints?: EndPoint[];
  throwOnAppendFailure?: boolean;
  defaultDeadline?: number;
  connectionName?: string;
}

export class Cluster {
  public domain = "localhost";
  private folder = mkdtempSync(join(tmpdir(), "laurel-store-"));
  private port = 0;
  private child?: ChildProcess;

  constructor(_count: number, private insecure = false) {}

  public setLogLevel = (): this => this;
  public setOption = (): this => this;
  public enableNodeLogs = async (): Promise<void> => undefined;
  public inspect = (): void => undefined;

  public up = async (): Promise<void> => {
    const secured = this.insecure
      ? []
      : ["--tls", join(certificates, "node.crt"), join(certificates, "node.key"), "admin:changeit"];
    this.child = spawn(program, [this.folder, String(this.port), ...secured], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port] = await once(createInterface({ input: this.child.stdout! }), "line");
    this.port = Number(port);
  };

  public down = async (): Promise<void> => {
    await this.killNode();
    rmSync(this.folder, { recursive: true, force: true });
  };

  public killNode = async (): Promise<void> => {
    const child = this.child;
    this.child = undefined;
    if (child) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
  };

  public resurrect = (): Promise<void> => this.up();

  public get uri(): string {
    return `${this.domain}:${this.port}`;
  }

  public get endpoints(): EndPoint[] {
    return [{ address: this.domain, port: this.port }];
  }

  public get certPath() {
    if (this.insecure) throw new Error("it is insecure");
    const user = {
      certPath: join(certificates, "user.crt"),
      certKeyPath: join(certificates, "user.key"),
    };
    return { root: join(certificates, "ca.crt"), admin: user, invalid: user };
  }

  public get certs() {
    const { root, admin, invalid } = this.certPath;
    const user = ({ certPath, certKeyPath }: typeof admin): Certificate => ({
      userCertFile: readFileSync(certPath),
      userKeyFile: readFileSync(certKeyPath),
    });
    return { root: readFileSync(root), users: { admin: user(admin), invalid: user(invalid) } };
  }

  public connectionString = (): string => this.connectionStringWithOverrides({});

  public connectionStringWithOverrides = (features: Features): string => {
    const endpoints = (features.endpoints ?? this.endpoints)
      .map(({ address, port }) => `${address}:${port}`)
      .join(",");
    const { username, password } = features.defaultUserCredentials ?? {
      username: "admin",
      password: "changeit",
    };
    const parameters: Record<string, unknown> = {
      nodePreference: features.nodePreference,
      tls: !this.insecure,
      maxDiscoverAttempts: features.maxDiscoverAttempts,
      discoveryInterval: features.discoveryInterval,
      throwOnAppendFailure: features.throwOnAppendFailure,
      defaultDeadline: features.defaultDeadline,
      connectionName: features.connectionName,
    };
    if (!this.insecure) parameters.tlsCAFile = this.certPath.root;
    if (features.userCertificates) {
      parameters.userCertFile = this.certPath.admin.certPath;
      parameters.userKeyFile = this.certPath.admin.certKeyPath;
    }
    const query = Object.entries(parameters)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${value}`)
      .join("&");
    return `kurrentdb://${username}:${password}@${endpoints}?${query}`;
  };
}
