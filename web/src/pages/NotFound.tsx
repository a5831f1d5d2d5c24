import { Empty } from '../components/Notice';
import { PageHead } from '../components/PageHead';
import { Link } from '../routing/route';

export function NotFound() {
  return (
    <>
      <PageHead title="No such page" />
      <div className="card">
        <Empty title="There is no page under this address." action={<Link to="/">Go to the overview</Link>} />
      </div>
    </>
  );
}
