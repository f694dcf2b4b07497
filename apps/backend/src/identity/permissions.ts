import {
  applyDecorators,
  type ExecutionContext,
  Inject,
  Injectable,
  type OnModuleInit,
  SetMetadata,
} from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import { type Role, ROLES } from '@saas-codex/contracts/identity';
import { type Permission, ROLE_PERMISSIONS } from '@saas-codex/contracts/permissions';

const ROUTE_ACCESS = 'route-access';

/** Who may call a route: everybody, or whoever has the permission. */
type RouteAccess = 'public' | Permission;

/** The route requires a credential whose role has this permission. Stands on the controller's method. */
export const RequirePermission = (permission: Permission) => SetMetadata(ROUTE_ACCESS, permission);

/** The route answers without a credential. Only health, readiness and sign-in do. */
export const Public = () => applyDecorators(SetMetadata(ROUTE_ACCESS, 'public'), ApiSecurity({}));

/** What each role may do. */
export type RoleTable = ReadonlyMap<Role, ReadonlySet<Permission>>;

/** Injection token of the backend's `RoleTable`. */
export const ROLE_TABLE = Symbol('role table');

export const roleTable = (): RoleTable =>
  new Map(ROLES.map((role) => [role, new Set(ROLE_PERMISSIONS[role])]));

type Handler = (...args: never[]) => unknown;

/** Knows what each route requires, and lets the application start only when every route says it. */
@Injectable()
export class RoutePermissions implements OnModuleInit {
  constructor(
    private readonly reflector: Reflector,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    @Inject(ROLE_TABLE) private readonly roles: RoleTable,
  ) {}

  /** @throws Error that names the routes with neither a permission nor `@Public()` */
  onModuleInit(): void {
    const undeclared = this.discovery.getControllers().flatMap(({ metatype: controller }) => {
      if (typeof controller !== 'function') return [];
      const prototype = controller.prototype as Record<string, Handler>;
      return this.scanner
        .getAllMethodNames(prototype)
        .filter((name) => {
          const handler = prototype[name];
          return handler && isRoute(handler) && !this.accessOf(handler, controller);
        })
        .map((name) => `${controller.name}.${name}`);
    });
    if (undeclared.length > 0) {
      throw new Error(`Add @RequirePermission() or @Public() to ${undeclared.join(', ')}.`);
    }
  }

  /** What the route that is being called requires; undefined: it does not say, and nobody may call it. */
  ofCalled(host: ExecutionContext): RouteAccess | undefined {
    return this.accessOf(host.getHandler() as Handler, host.getClass());
  }

  isAllowed(role: Role, permission: Permission): boolean {
    return this.roles.get(role)?.has(permission) ?? false;
  }

  private accessOf(handler: Handler, controller: Function): RouteAccess | undefined {
    return this.reflector.getAllAndOverride<RouteAccess | undefined>(ROUTE_ACCESS, [handler, controller]);
  }
}

const isRoute = (handler: Handler): boolean => Reflect.hasMetadata(PATH_METADATA, handler);
