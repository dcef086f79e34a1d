import pytest
import step_profile


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("_MklNativeConv2D", "convolutions, forward"),
        ("Conv2D", "convolutions, forward"),
        ("_MklNativeConv2DBackpropInput", "convolutions, gradients of images"),
        ("Conv2DBackpropFilter", "convolutions, gradients of filters"),
        ("_MklMatMul", "matrix multiplies (optimizer, dense layers)"),
        ("MaxPoolGrad", "pooling"),
        ("Mul", step_profile.REST),
    ],
)
def test_kernels_are_told_apart(kernel, kind):
    assert step_profile.kind_of(kernel) == kind


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    recipe = tmp_path_factory.mktemp("recipe") / "small.yaml"
    recipe.write_text("train: {network: fast, batch_size: 8}\naugmentation: {featurewise_center: true}\n")
    learner, _, batch = step_profile.prepare(str(recipe))
    return learner, batch


def test_the_shares_of_all_kernels_are_one(prepared):
    learner, batch = prepared
    shares = step_profile.kernel_shares(learner, batch, 16)
    assert sum(shares.values()) == pytest.approx(1)
    assert (
        sum(share for kind, share in shares.items() if kind.startswith("convolutions")) > 0
    )  # 0.025 beside other work


def test_smaller_images_take_fewer_operations(prepared):
    learner, batch = prepared
    small, large = (step_profile.count_operations(learner, batch, size) for size in (16, None))
    assert 3 < large / small < 5
